import type { Client } from '#core/client.ts';
import { noticeText } from '#core/notice.ts';
import { isRefusal, type Refusal, refuse } from '#core/result.ts';
import { newToken, tokenHash } from '#core/token.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/append-event.ts';
import { checkOneTimeCode } from '#flows/check-one-time-code.ts';
import { checkPasswordTry } from '#flows/check-password.ts';
import { checkRecoveryCode } from '#flows/check-recovery-code.ts';
import { proverOf } from '#flows/warn.ts';
import { findAuthenticator } from '#store/authenticators.ts';
import type { Queries } from '#store/database.ts';
import { raiseSession, setNotice } from '#store/session-changes.ts';
import type { Session } from '#store/sessions.ts';

/** The session goes on under a new token. */
export type Raised = { readonly token: string };

/** Proves a second factor again inside a session: the code is used up, as at sign-in. */
export function stepUpWithOneTimeCode(env: Env, session: Session, code: string, client: Client) {
  return checkOneTimeCode(env, stepUpProver(env, session, client), code, (tx) => raise(env, tx, session, 'totp'));
}

export function stepUpWithRecoveryCode(env: Env, session: Session, code: string, client: Client) {
  return checkRecoveryCode(env, stepUpProver(env, session, client), code, async (tx, left) => {
    await setNotice(tx, session.id, noticeText({ kind: 'recovery_code_used', left }));
    return raise(env, tx, session, 'recovery_code');
  });
}

/** Whoever has no authenticator proves the password again; whoever has one cannot. */
export async function stepUpWithPassword(
  env: Env,
  session: Session,
  password: string,
  client: Client,
): Promise<Raised | Refusal> {
  const { user, partner, deviceId } = session;
  const attempt = { email: user.email, password, person: { user, partner }, deviceId, client };
  const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
  const method = 'password' as const;
  const outcome = await checkPasswordTry(env, attempt, async (tx) => {
    if (await findAuthenticator(tx, user.id)) return refuse('step_up_required');
    const raised = await raise(env, tx, session, method);
    if (!isRefusal(raised))
      await appendEvent(env, tx, { action: 'step_up.proven', ...whose, detail: { method } }, client);
    return raised;
  });
  if ('opened' in outcome) return outcome.opened;
  const reason = outcome.fault === 'wrong_password' ? outcome.fault : outcome.refusal.refused;
  const refused = { action: 'step_up.refused' as const, ...whose, detail: { method, reason } };
  await env.db.transaction((tx) => appendEvent(env, tx, refused, client));
  return outcome.refusal;
}

function stepUpProver(env: Env, { user, deviceId }: Session, client: Client) {
  return proverOf(env, { user, deviceId, client });
}

async function raise(
  env: Env,
  tx: Queries,
  session: Session,
  method: 'totp' | 'recovery_code' | 'password',
): Promise<Raised | Refusal> {
  const token = newToken(env.random);
  const raised = await raiseSession(tx, session.id, { tokenHash: tokenHash(token), now: env.now(), method });
  return raised ? { token } : refuse('sign_in_expired');
}
