import { amrAfter, factorName, type ProvenFactor } from '#core/authenticators/assurance.ts';
import type { AuthenticatorKind } from '#core/authenticators/factors.ts';
import type { Assertion, RequestOptions } from '#core/authenticators/passkeys/webauthn.ts';
import type { Client } from '#core/sessions/client.ts';
import { noticeText } from '#core/sessions/notice.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { checkKind, provableKinds } from '#flows/authenticators/allowed-kinds.ts';
import { checkOneTimeCode } from '#flows/authenticators/check-one-time-code.ts';
import { checkPasskey } from '#flows/authenticators/check-passkey.ts';
import { checkRecoveryCode } from '#flows/authenticators/check-recovery-code.ts';
import { askForPasskey } from '#flows/authenticators/passkey-options.ts';
import { confirmAuthority, ownTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { checkPasswordTry } from '#flows/sign-in/check-password.ts';
import { personAt } from '#flows/sign-in/hash-turn.ts';
import { noteRefusal, refusalKey } from '#flows/sign-in/note-refusal.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import type { Queries } from '#store/engine/database.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';
import { raiseSession, setNotice } from '#store/sessions/session-changes.ts';
import type { Session } from '#store/sessions/sessions.ts';

/** A page session continues with a new token. A program, which no browser shares a cookie with, keeps its own. */
export type Raised = { readonly token: string | undefined };

/** The kinds of authenticators that this person can prove, the one to ask for first in front. */
export async function stepUpKinds(env: Env, session: Session): Promise<readonly AuthenticatorKind[] | undefined> {
  const factors = await factorsOf(env.db.read, session.user.id);
  return factors && provableKinds(env, session, factors);
}

/** Proves a second factor again in a session. The code is used up, as at sign-in. */
export async function stepUpWithOneTimeCode(
  env: Env,
  session: GrantedSession,
  code: string,
  client: Client,
  around: Around<Raised> = plainly,
): Promise<Raised | Refusal> {
  if (!((await stepUpKinds(env, session)) ?? ['totp']).includes('totp')) {
    return refuse('forbidden', { reason: 'kind_not_allowed' });
  }
  return checkOneTimeCode(env, stepUpAttempt(env, session, client), code, (tx) =>
    around(tx, () => raise(env, tx, session, 'totp')),
  );
}

/** What a browser needs to use a passkey in this session. */
export async function askForStepUpPasskey(
  env: Env,
  session: GrantedSession,
  client: Client,
): Promise<RequestOptions | Refusal> {
  const { user } = session;
  const factors = await factorsOf(env.db.read, user.id);
  if (!factors || !provableKinds(env, session, factors).includes('passkey')) {
    return refuse('forbidden', { reason: 'kind_not_allowed' });
  }
  const person = { id: user.id, factors };
  return ownTransaction(env, session, (tx) => askForPasskey(env, tx, { ...passkeyAsked(session, client), person }));
}

export function stepUpWithPasskey(
  env: Env,
  session: GrantedSession,
  assertion: Assertion,
  client: Client,
  around: Around<Raised> = plainly,
): Promise<Raised | Refusal> {
  const attempt = { ...stepUpAttempt(env, session, client), ...passkeyAsked(session, client), isAlone: false };
  return checkPasskey(env, attempt, assertion, async (tx, use) => {
    // The policy may have changed since the challenge was made.
    const notAllowed = await checkKind(env, tx, session.user.id, 'passkey');
    return notAllowed ?? around(tx, () => raise(env, tx, session, use));
  });
}

/** A session that a passkey alone began has no other factor, so its device must check again who holds it. */
function passkeyAsked({ id, amr }: Session, { browser }: Client) {
  const binding = { purpose: 'step_up' as const, owner_id: id, browser: browser ?? null };
  return { binding, userVerification: amr.includes('pwd') ? ('preferred' as const) : ('required' as const) };
}

export function stepUpWithRecoveryCode(
  env: Env,
  session: GrantedSession,
  code: string,
  client: Client,
  around: Around<Raised> = plainly,
) {
  return checkRecoveryCode(env, stepUpAttempt(env, session, client), code, async (tx, left) => {
    await setNotice(tx, session.id, noticeText({ kind: 'recovery_code_used', left }));
    return around(tx, () => raise(env, tx, session, 'recovery_code'));
  });
}

/** A person without an authenticator proves the password again. A person with one cannot. */
export async function stepUpWithPassword(
  env: Env,
  session: GrantedSession,
  password: string,
  client: Client,
  around: Around<Raised> = plainly,
): Promise<Raised | Refusal> {
  const { user, partner, deviceId } = session;
  const authority = { kind: 'session', session } as const;
  const asker = personAt(user.id, client);
  const known = { person: { user, partner }, deviceId, client, asker, authority };
  const attempt = { email: user.email, password, ...known };
  const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
  const method = 'password' as const;
  const outcome = await checkPasswordTry(env, attempt, async (tx) => {
    if (await factorsOf(tx, user.id)) return refuse('step_up_required');
    const raised = await around(tx, () => raise(env, tx, session, method));
    if (!isRefusal(raised))
      await appendEvent(env, tx, { action: 'step_up.proven', ...whose, detail: { method } }, client);
    return raised;
  });
  if ('opened' in outcome) return outcome.opened;
  const reason = outcome.fault === 'wrong_password' ? outcome.fault : outcome.refusal.refused;
  const refused = { action: 'step_up.refused' as const, ...whose, detail: { method, reason } };
  await noteRefusal(env, { event: refused, client, key: refusalKey(env, outcome.refusal, client) });
  return outcome.refusal;
}

function stepUpAttempt(env: Env, session: GrantedSession, client: Client) {
  const { user, deviceId } = session;
  const confirm = async (tx: Queries) => {
    await confirmAuthority(env, tx, { kind: 'session', session }, user.id);
  };
  return { user, deviceId, client, confirm };
}

async function raise(
  env: Env,
  tx: Queries,
  session: Session,
  proven: ProvenFactor | 'password',
): Promise<Raised | Refusal> {
  const token = session.channel === 'page' ? newToken(env.random) : undefined;
  const amr = amrAfter(session.amr, proven).join(' ');
  const method = proven === 'password' ? proven : factorName(proven);
  const raised = await raiseSession(tx, session.id, {
    tokenHash: token === undefined ? undefined : tokenHash(token),
    now: env.now(),
    method,
    amr,
  });
  return raised ? { token } : refuse('sign_in_expired');
}
