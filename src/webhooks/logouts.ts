import { webhookBackoffSeconds } from '#core/portals/webhook.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import type { Env } from '#env.ts';
import { deliverFairly, type FairLimits, type FairQueue } from '#flows/runtime/fair-queue.ts';
import type { Job } from '#flows/runtime/jobs.ts';
import { signJwt } from '#flows/runtime/signing-keys.ts';
import { findClient, type OidcClient } from '#store/oidc/clients.ts';
import {
  claimLogout,
  deleteLogout,
  type LogoutNotice,
  listDueClients,
  listDueLogouts,
  putLogoutOff,
} from '#store/oidc/logouts.ts';
import { post, type Resolver } from './send.ts';

const LIMITS: FairLimits = { receivers: 10, perReceiver: 4, lookEveryMs: 1_000 };
/** Longer than a try can take. */
const CLAIM_SECONDS = 40;
/** A client that has not listened for a day keeps its sessions until they end by themselves. */
const PATIENCE_SECONDS = DAY_SECONDS;
/** OpenID Connect Back-Channel Logout 1.0 §2.4 recommends two minutes at most. */
const TOKEN_SECONDS = 2 * 60;
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

type Options = { readonly isStopping?: () => boolean; readonly resolve?: Resolver; readonly timeoutSeconds?: number };

/** Tells clients of sign-outs by the back channel, each client in a line of its own. */
export function logoutsJob(env: Env): Job {
  return {
    name: 'logouts',
    everySeconds: 1,
    isDue: async () => (await listDueClients(env.db.read, env.now())).length > 0,
    run: ({ isStopping }) => deliverLogouts(env, { isStopping }),
  };
}

/** One round: what is due, until nothing is. */
export async function deliverLogouts(env: Env, options: Options = {}): Promise<void> {
  const { read } = env.db;
  const queue: FairQueue<LogoutNotice> = {
    listReceivers: () => listDueClients(read, env.now()),
    listDue: (clientId, limit) => listDueLogouts(read, clientId, { now: env.now(), limit }),
    deliver: (notice) => deliverOne(env, notice, options),
  };
  return deliverFairly(queue, LIMITS, options.isStopping ?? (() => false));
}

/** Answers false when the client did not take it. */
async function deliverOne(env: Env, notice: LogoutNotice, options: Options): Promise<boolean> {
  const now = env.now();
  const claim = { now, untilAt: now + CLAIM_SECONDS };
  if (!(await env.db.transaction((tx) => claimLogout(tx, notice.id, claim)))) return true;
  const client = await findClient(env.db.read, notice.client_id);
  const uri = client?.disabledAt === undefined ? client?.backchannelLogoutUri : undefined;
  if (client === undefined || uri === undefined) return forget(env, notice);
  const taken = await post(await requestTo(env, uri, client, notice), {
    ...{ allowLocal: client.isBackchannelInternal, allowPrivate: client.isBackchannelInternal },
    ...(options.resolve && { resolve: options.resolve }),
    ...(options.timeoutSeconds !== undefined && { timeoutSeconds: options.timeoutSeconds }),
  });
  if (taken.taken) return forget(env, notice);
  const line = { clientId: client.id, tries: notice.tries + 1, fault: taken.fault };
  env.log.warn(line, 'a client did not take a notice of sign-out');
  if ((notice.first_try_at ?? now) + PATIENCE_SECONDS <= now) {
    await forget(env, notice);
    return false;
  }
  const next = env.now() + webhookBackoffSeconds(notice.tries + 1);
  await env.db.transaction((tx) => putLogoutOff(tx, notice.id, next));
  return false;
}

async function forget(env: Env, { id }: LogoutNotice): Promise<true> {
  await env.db.transaction((tx) => deleteLogout(tx, id));
  return true;
}

/** The logout token (Back-Channel Logout 1.0 §2.4), signed at each try: a receiver refuses what is old. */
async function requestTo(env: Env, url: string, client: OidcClient, { user_id, sid }: LogoutNotice) {
  const now = env.now();
  const claims = {
    ...{ iss: env.config.publicUrl.origin, aud: client.id, sub: user_id, sid },
    ...{ iat: now, exp: now + TOKEN_SECONDS, jti: env.newId(), events: { [LOGOUT_EVENT]: {} } },
  };
  const token = await signJwt(env, claims, client.idTokenAlg, 'logout+jwt');
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'Sallyport/1' };
  return { url, headers, body: new URLSearchParams({ logout_token: token }).toString() };
}
