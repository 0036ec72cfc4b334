import { tokenHash } from '#core/values/token.ts';
import { openSuccessor } from '#flows/runtime/openid-successor.ts';
import type { ExchangeResponse } from '#http/protocols/exchange.ts';
import { type ProtocolCall, protocol, type RawReply, type Route } from '#http/route.ts';
import { findClient, isUseNews, noteClientUse } from '#store/oidc/clients.ts';
import { findRecordGrant, grantOf } from '#store/oidc/grants.ts';
import { commitProofs, commitRecords, commitRedemption, commitRevocations } from './commit.ts';
import { isLiveGrant } from './live.ts';
import { ourParams } from './our-params.ts';
import { askLibrary, headersOf, rawReply, workOf } from './protocol-routes.ts';
import type { Work } from './work.ts';

/** A refresh token sent again within this time gets the same successor, for tabs and retries (RFC 9700 §4.14). */
const GRACE_SECONDS = 10;

const PROGRAM = ['POST', 'OPTIONS'];
const ASKED = ['GET', 'POST', 'OPTIONS'];
const READ = ['GET', 'OPTIONS'];

export const tokenRoutes: readonly Route[] = [
  protocol({ methods: PROGRAM, path: '/oidc/token', guard: 'oidcClient', handle: exchangeToken }),
  protocol({ methods: PROGRAM, path: '/oidc/par', guard: 'oidcClient', handle: push }),
  protocol({ methods: PROGRAM, path: '/oidc/revoke', guard: 'oidcClient', handle: revoke }),
  protocol({ methods: PROGRAM, path: '/oidc/introspect', guard: 'oidcClient', handle: look }),
  protocol({ methods: ASKED, path: '/oidc/userinfo', guard: 'oidcClient', handle: look }),
  protocol({ methods: READ, path: '/oidc/jwks', guard: 'public', handle: look }),
  protocol({ methods: READ, path: '/.well-known/openid-configuration', guard: 'public', handle: look }),
];

/** Requests that only read. */
async function look(call: ProtocolCall): Promise<RawReply> {
  return rawReply(await ask(call, workOf(call, { secret: secretOf(call) })));
}

async function push(call: ProtocolCall): Promise<RawReply> {
  const work = workOf(call, { secret: secretOf(call) });
  const body = Buffer.from(ourParams(call.body.toString('utf8')).toString());
  const said = await ask({ ...call, body }, work);
  if (said.status >= 400) return rawReply(said);
  return (await commitRecords(work, call.client)) ? rawReply(said) : TOO_MANY;
}

async function revoke(call: ProtocolCall): Promise<RawReply> {
  const work = workOf(call, { secret: secretOf(call) });
  const said = await ask(call, work);
  if (said.status < 400) await commitRevocations(work, call.client, false);
  return rawReply(said);
}

/**
 * Exchanges a code or a refresh token. The answer is sent after everything is stored. A request that lost a race gets
 * the successor from the winner, or the refusal.
 */
async function exchangeToken(call: ProtocolCall): Promise<RawReply> {
  // A browser sends a preflight request first.
  if (call.request.method === 'OPTIONS') return look(call);
  const fields = new URLSearchParams(call.body.toString('utf8'));
  const token = fields.get('grant_type') === 'refresh_token' ? fields.get('refresh_token') : null;
  const again = token === null ? undefined : await successorOf(call, token);
  if (again !== undefined) return exchangeAgain(call, fields, { successor: again });
  const work = workOf(call, { secret: secretOf(call) });
  const said = await ask(call, work);
  if (said.status >= 400) {
    if (work.revokes.size === 0) return rawReply(said);
    // Another request may have won since the read.
    const since = token === null ? undefined : await successorOf(call, token);
    if (since !== undefined) return exchangeAgain(call, fields, { successor: since, isProven: true });
    // A used code or an old refresh token revokes every token made from it.
    await commitRevocations(work, call.client, true);
    return rawReply(said);
  }
  const outcome = await commitRedemption(work, call.client, refreshTokenIn(said.body));
  if (outcome === 'redeemed') {
    await noteUse(call, work);
    return rawReply(said);
  }
  // The winner may not have committed yet. A write transaction here runs after it.
  const faster = (lost: string) => call.env.db.transaction((tx) => successorOf(call, lost, tx));
  const successor = outcome === 'lost' && token !== null ? await faster(token) : undefined;
  return successor === undefined ? INVALID_GRANT : exchangeAgain(call, fields, { successor, isProven: true });
}

/** New access and ID tokens with the successor of the sent refresh token. The successor itself is not exchanged. */
async function exchangeAgain(
  call: ProtocolCall,
  fields: URLSearchParams,
  { successor, isProven = false }: { readonly successor: string; readonly isProven?: boolean },
): Promise<RawReply> {
  const body = new URLSearchParams(fields);
  body.set('refresh_token', successor);
  const work = workOf(call, { secret: secretOf(call), keepsRefreshToken: true, isProven });
  const said = await ask({ ...call, body: Buffer.from(body.toString()) }, work);
  if (said.status >= 400) return rawReply(said);
  return (await commitRedemption(work, call.client, undefined)) === 'redeemed' ? rawReply(said) : INVALID_GRANT;
}

/** The successor of this token within the grace time, while their grant is live. */
async function successorOf({ env }: ProtocolCall, token: string, queries = env.db.read): Promise<string | undefined> {
  const row = await findRecordGrant(queries, tokenHash(token), 'RefreshToken');
  if (!row || row.consumed_at === null || row.successor === null) return undefined;
  const now = env.now();
  if (now >= row.consumed_at + GRACE_SECONDS || !isLiveGrant(grantOf(row), now)) return undefined;
  return openSuccessor(token, row.successor);
}

/** RFC 9126 §2.3. */
const TOO_MANY: RawReply = {
  status: 429,
  headers: { 'content-type': 'application/json', 'retry-after': '60' },
  raw: JSON.stringify({ error: 'temporarily_unavailable', error_description: 'too many requests from this network' }),
};

const INVALID_GRANT: RawReply = {
  status: 400,
  headers: { 'content-type': 'application/json' },
  raw: JSON.stringify({ error: 'invalid_grant', error_description: 'grant request is invalid' }),
};

/** Passes a request to the library. A client's signed proof is used up whatever the result of the request is. */
async function ask(call: ProtocolCall, work: Work): Promise<ExchangeResponse> {
  const { request, body, search } = call;
  const url = new URL(request.url).pathname + search;
  const said = await askLibrary(work, { method: request.method, url, headers: headersOf(call), body });
  if (await commitProofs(work)) return said;
  // Another request used the same proof first, so this one has no effect.
  work.revokes.clear();
  return INVALID_CLIENT;
}

/** The same answer that the library gives for a used proof. */
const INVALID_CLIENT: ExchangeResponse = {
  status: 401,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ error: 'invalid_client', error_description: 'client authentication failed' }),
};

/** The client secret, from either of the two places. The library decides which of them is allowed. */
function secretOf({ request, body }: ProtocolCall): string | undefined {
  const basic = /^basic ([A-Za-z0-9+/=]+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
  if (basic === undefined) return new URLSearchParams(body.toString('utf8')).get('client_secret') ?? undefined;
  const pair = Buffer.from(basic, 'base64').toString('utf8');
  try {
    return decodeURIComponent(pair.slice(pair.indexOf(':') + 1).replace(/\+/g, '%20'));
  } catch {
    return undefined;
  }
}

function refreshTokenIn(body: string): string | undefined {
  const { refresh_token } = Object(JSON.parse(body));
  return typeof refresh_token === 'string' ? refresh_token : undefined;
}

/** At most once a minute, in parallel with the answer. */
async function noteUse({ env }: ProtocolCall, { saves }: Work): Promise<void> {
  const clientId = saves.flatMap(({ payload }) => (typeof payload.clientId === 'string' ? [payload.clientId] : []))[0];
  const client = clientId === undefined ? undefined : await findClient(env.db.read, clientId);
  if (client && isUseNews(client, env.now())) await env.db.transaction((tx) => noteClientUse(tx, client.id, env.now()));
}
