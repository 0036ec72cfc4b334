import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isRefusal } from '#core/values/result.ts';
import { disableClient, enableClient } from '#flows/administration/openid-clients.ts';
import { CALLBACK } from '../../stories/openid/openid-story.ts';
import { act, type Drawn, type Events, ordinal, pick } from '../act.ts';
import { signOutHere } from '../effects.ts';
import { hasPasskey } from '../factors.ts';
import { inside } from '../inside.ts';
import { DAY, isLiveSession, MINUTE, type Model } from '../model.ts';
import { askAs, authorizePath, type ClientAnswer, redemption } from '../portal-real.ts';
import { isLiveGrant, isLiveToken, isOfSession } from '../portals.ts';
import type { Grant, Token } from '../rows.ts';

const OPERATOR = 'command_line';
const GRACE_SECONDS = 10;

/** Mostly a valid one, and often a used one. */
const wanted = fc.constantFrom('live', 'live', 'live', 'used', 'used', 'any');

const authorize = inside(
  'authorize',
  fc.record({ client: fc.constantFrom(0, 0, 0, 1), isOffline: fc.constantFrom(true, true, false) }),
  async (model, real, { client: index, isOffline, session, browser, node }) => {
    const client = model.portals.clients[index];
    assert(client);
    const { status, location } = await real.get(node, browser, authorizePath(client, isOffline));
    if (client.isDisabled) {
      assert.equal(status, 400);
      return [];
    }
    const left = new URL(String(location));
    assert.equal(left.origin + left.pathname, CALLBACK);
    const isPasswordOnly = session.secondFactorAt === undefined;
    const trusted = isPasswordOnly ? session.trusted : undefined;
    const given = {
      client,
      sid: session,
      session,
      isOffline,
      isPasswordOnly,
      hasPasskey: hasPasskey(session),
      trusted,
    };
    const grant = { ...given, expiresAt: model.now + 365 * DAY, ended: false };
    model.portals.grants.push(grant);
    hold(model, grant, { kind: 'code', value: left.searchParams.get('code'), seconds: MINUTE });
    return ['grant.created'];
  },
);

type Given = { readonly kind: Token['kind']; readonly value: unknown; readonly seconds: number };

function hold({ now, portals }: Model, grant: Grant, { kind, value, seconds }: Given): void {
  assert(typeof value === 'string', `the client gets a token: ${kind}`);
  const token = { kind, value, grant, expiresAt: now + seconds, usedAt: undefined, successor: undefined };
  portals.tokens.push(token);
}

const redeem = withToken('redeem a code', ['code'], async (model, real, { token, node }) => {
  const { grant, value } = token;
  const answer = await askAs(real, node, grant.client, { path: '/oidc/token', fields: redemption(value) });
  if (!isLiveToken(model, token)) return refused(model, token, answer);
  token.usedAt = model.now;
  holdTokens(model, grant, answer);
  if (grant.isOffline) holdRefresh(model, grant, answer.body.refresh_token);
  return ['grant.code_redeemed'];
});

/** Within the grace time the same token gets the same successor. Later it revokes the grant. */
const refresh = withToken('refresh', ['refresh'], async (model, real, { token, node }) => {
  const { grant, value, usedAt } = token;
  const fields = { grant_type: 'refresh_token', refresh_token: value };
  const answer = await askAs(real, node, grant.client, { path: '/oidc/token', fields });
  const isAgain = usedAt !== undefined && model.now < usedAt + GRACE_SECONDS && isLiveGrant(model, grant);
  if (!isAgain && !isLiveToken(model, token)) return refused(model, token, answer);
  holdTokens(model, grant, answer);
  const { refresh_token: successor } = answer.body;
  if (isAgain) {
    assert.equal(successor, token.successor, 'the same successor');
    return [];
  }
  assert.notEqual(successor, value, 'rotated');
  Object.assign(token, { usedAt: model.now, successor });
  holdRefresh(model, grant, successor);
  return ['grant.refreshed'];
});

function holdTokens(model: Model, grant: Grant, { status, body }: ClientAnswer): void {
  assert.equal(status, 200);
  hold(model, grant, { kind: 'access', value: body.access_token, seconds: 5 * MINUTE });
  model.portals.idTokens.push({ value: String(body.id_token), sid: grant.sid });
}

function holdRefresh(model: Model, grant: Grant, value: unknown): void {
  hold(model, grant, { kind: 'refresh', value, seconds: 30 * DAY });
}

/** A used one arrives again: the grant is revoked with all its tokens. */
function refused(model: Model, { grant, usedAt, expiresAt }: Token, { status }: ClientAnswer): Events {
  assert.equal(status, grant.client.isDisabled ? 401 : 400);
  grant.ended ||= usedAt !== undefined && model.now < expiresAt && isLiveGrant(model, grant);
  return [];
}

/** A client revokes a token. A refresh token revokes the grant. */
const giveBack = withToken('give a token back', ['access', 'refresh'], async (model, real, { token, node }) => {
  const { grant, kind, value, expiresAt } = token;
  const { status } = await askAs(real, node, grant.client, { path: '/oidc/revoke', fields: { token: value } });
  assert.equal(status, grant.client.isDisabled ? 401 : 200);
  const isFound = model.now < expiresAt && isLiveGrant(model, grant);
  if (!isFound) return [];
  if (kind === 'access') {
    token.usedAt = model.now;
    return [];
  }
  grant.ended = true;
  return ['grant.revoked'];
});

type WithToken = { readonly token: Token; readonly node: 0 | 1 };

function withToken(
  name: string,
  kinds: readonly Token['kind'][],
  run: (model: Model, real: Parameters<typeof askAs>[0], on: WithToken) => Promise<Events>,
) {
  const held = ({ portals }: Readonly<Model>) => portals.tokens.filter(({ kind }) => kinds.includes(kind));
  return act({
    name,
    args: fc.record({ which: ordinal, of: wanted }),
    check: (model) => held(model).length > 0,
    run: (model, real, { which, of, node }) => {
      const all = held(model);
      const suits = (token: Token) => (of === 'live' ? isLiveToken(model, token) : token.usedAt !== undefined);
      const suiting = of === 'any' ? all : all.filter(suits);
      const token = pick(suiting.length > 0 ? suiting : all, which);
      assert(token);
      return run(model, real, { token, node });
    },
  });
}

/** Permanent: its grants do not return when it is enabled again. */
const disable = act({
  name: 'disable a client',
  args: fc.constant({}),
  check: ({ portals }) => portals.grants.length > 0,
  async run({ portals }, real, { node }) {
    const [client] = portals.clients;
    assert(client);
    assert(!isRefusal(await disableClient(real.world(node).env, OPERATOR, client.id)));
    if (client.isDisabled) return [];
    client.isDisabled = true;
    for (const grant of portals.grants) grant.ended ||= grant.client === client;
    return ['client.disabled'];
  },
});

const enable = act({
  name: 'enable a client',
  args: fc.constant({}),
  check: ({ portals }) => portals.clients.some(({ isDisabled }) => isDisabled),
  async run({ portals }, real, { node }) {
    const [client] = portals.clients;
    assert(client);
    assert(!isRefusal(await enableClient(real.world(node).env, OPERATOR, client.id)));
    client.isDisabled = false;
    return ['client.enabled'];
  },
});

/** A client sends the browser to sign out. With an ID token of this session no confirmation is needed. */
const signOutFromClient = act({
  name: 'sign out from a client',
  args: fc.record({ at: fc.constantFrom(0, 1), which: ordinal }),
  check: ({ portals, browsers }, { at }) => portals.idTokens.length > 0 && browsers[at]?.session !== undefined,
  async run(model, real, { at, which, node }) {
    const browser = model.browsers[at];
    const idToken = pick(model.portals.idTokens, which);
    assert(browser && idToken);
    const { session } = browser;
    const query = new URLSearchParams({ id_token_hint: idToken.value });
    const { status } = await real.get(node, browser, `/oidc/sign-out?${query}`);
    const isLive = isLiveSession(model, session);
    if (isLive && !isOfSession(model, idToken, session)) {
      assert.equal(status, 200, 'the person is asked');
      return [];
    }
    assert.equal(status, 303);
    Object.assign(browser, { session: undefined, pending: undefined });
    return signOutHere(model, session);
  },
});

export const OPENID_ACTS: readonly Drawn[] = [
  { weight: 10, arbitrary: authorize },
  { weight: 14, arbitrary: redeem },
  { weight: 16, arbitrary: refresh },
  { weight: 1, arbitrary: giveBack },
  { weight: 1, arbitrary: disable },
  { weight: 4, arbitrary: enable },
  { weight: 1, arbitrary: signOutFromClient },
];
