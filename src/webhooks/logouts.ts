import { backoffSeconds, WEBHOOK_BACKOFF } from '#core/limits/backoff.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import type { Env } from '#env.ts';
import { type DeliveryKind, deliverDue, deliveryJob } from '#flows/runtime/deliveries.ts';
import type { Outcome } from '#flows/runtime/fair-queue.ts';
import type { Job } from '#flows/runtime/jobs.ts';
import { signJwt } from '#flows/runtime/signing-keys.ts';
import { findClient, type OidcClient } from '#store/oidc/clients.ts';
import { deleteDelivery, type QueueRow, settleDelivery } from '#store/queue/delivery-queue.ts';
import { post, type Resolver } from './send.ts';

/** A client that has not answered for a day keeps its sessions until they expire. */
const PATIENCE_SECONDS = DAY_SECONDS;
/** OpenID Connect Back-Channel Logout 1.0 §2.4 recommends two minutes at most. */
const TOKEN_SECONDS = 2 * 60;
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

type Options = { readonly resolve?: Resolver; readonly timeoutSeconds?: number };

/** A sign-out that a client does not know about yet. The trigger on revoked grants writes it. */
type LogoutNotice = QueueRow<'oidc_logouts'>;

/** Notifies clients of each sign-out by the back channel. */
export function logoutsJob(env: Env): Job {
  return deliveryJob(env, 'logouts', logoutKind(env, {}));
}

/** One round: sends everything that is due. */
export function deliverLogouts(
  env: Env,
  options: Options & { readonly isStopping?: () => boolean } = {},
): Promise<void> {
  return deliverDue(env, logoutKind(env, options), options.isStopping);
}

function logoutKind(env: Env, options: Options): DeliveryKind<'oidc_logouts'> {
  return {
    table: 'oidc_logouts',
    limits: { receivers: 10, perReceiver: 4, lookEveryMs: 1_000 },
    claimSeconds: 40,
    send: (notice) => deliverOne(env, notice, options),
  };
}

async function deliverOne(env: Env, notice: LogoutNotice, options: Options): Promise<Outcome> {
  const client = await findClient(env.db.read, notice.client_id);
  const uri = client?.disabledAt === undefined ? client?.backchannelLogoutUri : undefined;
  if (client === undefined || uri === undefined) return forget(env, notice);
  const taken = await post(await requestTo(env, uri, client, notice), {
    allowLocal: client.isBackchannelInternal,
    allowPrivate: client.isBackchannelInternal,
    ...(options.resolve && { resolve: options.resolve }),
    ...(options.timeoutSeconds !== undefined && { timeoutSeconds: options.timeoutSeconds }),
  });
  if (taken.taken) return forget(env, notice);
  const line = { clientId: client.id, tries: notice.tries + 1, fault: taken.fault };
  env.log.warn(line, 'a client did not take a notice of sign-out');
  const now = env.now();
  const first_try_at = notice.first_try_at ?? now;
  if (first_try_at + PATIENCE_SECONDS <= now) {
    await forget(env, notice);
    return 'refused';
  }
  const later = { first_try_at, next_try_at: now + backoffSeconds(WEBHOOK_BACKOFF, notice.tries + 1) };
  await env.db.transaction((tx) => settleDelivery(tx, 'oidc_logouts', notice.id, later));
  return 'refused';
}

/** The client has received the notice, or does not want it any more. */
async function forget(env: Env, { id }: LogoutNotice): Promise<'taken'> {
  await env.db.transaction((tx) => deleteDelivery(tx, 'oidc_logouts', id));
  return 'taken';
}

/** The logout token (Back-Channel Logout 1.0 §2.4), signed at each try because a receiver refuses an old one. */
async function requestTo(env: Env, url: string, client: OidcClient, { user_id, sid }: LogoutNotice) {
  const now = env.now();
  const claims = {
    iss: env.config.publicUrl.origin,
    aud: client.id,
    sub: user_id,
    sid,
    iat: now,
    exp: now + TOKEN_SECONDS,
    jti: env.newId(),
    events: { [LOGOUT_EVENT]: {} },
  };
  const token = await signJwt(env, claims, client.idTokenAlg, 'logout+jwt');
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'Sallyport/1' };
  return { url, headers, body: new URLSearchParams({ logout_token: token }).toString() };
}
