import type { AuditDetail } from '#core/audit/actions.ts';
import { isDisabled } from '#core/limits/throttle.ts';
import type { Client } from '#core/sessions/client.ts';
import { noticeText } from '#core/sessions/notice.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { ownTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueMail, whereFrom } from '#flows/runtime/mail.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { oneTimeCodeCounter } from '#flows/sign-in/attempt-counters.ts';
import { checkPasswordTry, reopen } from '#flows/sign-in/check-password.ts';
import { endOthers } from '#flows/sign-in/end-others.ts';
import { personAt } from '#flows/sign-in/hash-turn.ts';
import { knowDevice } from '#flows/sign-in/know-device.ts';
import { checkNewPassword, hashNewPassword } from '#flows/sign-in/new-password.ts';
import { noteRefusal, refusalKey } from '#flows/sign-in/note-refusal.ts';
import { isSamePassword } from '#flows/sign-in/passwords.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import type { Queries } from '#store/engine/database.ts';
import { deleteTries, findTries } from '#store/limits/attempts.ts';
import { revokeLinks } from '#store/people/links.ts';
import { findPerson, replacePassword } from '#store/people/users.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';
import { setNotice, setSessionDevice } from '#store/sessions/session-changes.ts';
import type { Session } from '#store/sessions/sessions.ts';
import { deleteDevices, listDeviceIds } from '#store/sign-in/devices.ts';

export type PasswordChange = { readonly current: string; readonly next: string };

/** Which of the two fields was refused. */
export type ChangeRefused = {
  readonly field: 'current' | 'new';
  readonly refusal: Refusal;
  /** The current password is missing, too. */
  readonly noPassword?: boolean;
};

/**
 * Changes a person's own password. It requires the current password besides the step-up. Every other session and every
 * known device is revoked, and this browser becomes known again. Answers the new device cookie.
 */
export async function changePassword(
  env: Env,
  session: GrantedSession,
  { current, next }: PasswordChange,
  client: Client,
  around: Around<Changed> = plainly,
): Promise<Changed | ChangeRefused> {
  const { user, partner, deviceId } = session;
  const authority = { kind: 'session', session } as const;
  const owner = { ...user, partner };
  // Checks without a hash run first.
  const unfit = await checkNewPassword(env, owner, next);
  if (unfit) {
    return { ...(await refused(env, session, client, 'new', unfit, unfit.refused)), noPassword: current === '' };
  }
  // Nothing was tried, so nothing is counted.
  if (current === '') return { field: 'current', refusal: refuse('invalid_request', { reason: 'password' }) };
  const asker = personAt(user.id, client);
  const known = { person: { user, partner }, deviceId, client, asker, authority };
  const attempt = { email: user.email, password: current, ...known };
  const proven = await checkPasswordTry(env, attempt, async () => true);
  if (!('opened' in proven)) {
    const reason = proven.fault === 'wrong_password' ? proven.fault : proven.refusal.refused;
    return refused(env, session, client, 'current', proven.refusal, reason);
  }
  const changed = await hashNewPassword(env, owner, next, { asker, counters: [] }, (sealed) =>
    change(env, session, { sealed, client }, around),
  );
  if (!isRefusal(changed)) return changed;
  const field = changed.refused === 'temporarily_unavailable' ? 'new' : 'current';
  return refused(env, session, client, field, changed, changed.refused);
}

type Sealed = { readonly sealed: string; readonly client: Client };

function change(
  env: Env,
  session: GrantedSession,
  { sealed, client }: Sealed,
  around: Around<Changed>,
): Promise<Changed | Refusal> {
  const { user } = session;
  return ownTransaction(env, session, async (tx) => {
    const now = await findPerson(tx, user.id);
    if (!now || !isSamePassword(env, now.user, user)) return refuse('invalid_credentials');
    const chosen = { from: now.user.sealedPassword, to: sealed, chosenAt: env.now() };
    if (!(await replacePassword(tx, user.id, chosen))) {
      return refuse('invalid_credentials');
    }
    await bringBackAuthenticator(tx, session);
    return around(tx, () => forgetAndTell(env, tx, session, client));
  });
}

/**
 * A recovery code plus a changed password unlocks a disabled authenticator. One that is not disabled gets no new
 * attempts, because a recovery code must not refill that budget.
 */
async function bringBackAuthenticator(tx: Queries, { user, stepUpMethod }: Session): Promise<void> {
  if (stepUpMethod !== 'recovery_code' && stepUpMethod !== 'passkey') return;
  const factors = await factorsOf(tx, user.id);
  if (!factors) return;
  for (const deviceId of [undefined, ...(await listDeviceIds(tx, user.id))]) {
    const { key, rule } = oneTimeCodeCounter(factors.budgetId, deviceId);
    if (isDisabled(rule, await findTries(tx, key))) await deleteTries(tx, [key]);
  }
}

export type Changed = { readonly deviceToken: string };

async function forgetAndTell(env: Env, tx: Queries, session: Session, client: Client): Promise<Changed | Refusal> {
  const { user } = session;
  const ended = await endOthers(env, tx, { user, keepSessionId: session.id, client }, 'password_changed');
  await deleteDevices(tx, user.id);
  await revokeLinks(tx, user.id);
  await reopen(env, tx, user.email, env.now());
  const device = await knowDevice(env, tx, user.id, client);
  await setSessionDevice(tx, session.id, device.id);
  // Both hashes took time. A session that ended in the meantime changes nothing.
  const isSaved = await setNotice(tx, session.id, noticeText({ kind: 'password_changed', ended }));
  if (!isSaved) return refuse('sign_in_expired');
  const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
  await appendEvent(env, tx, { action: 'password.changed', ...whose, detail: {} }, client);
  await queueMail(env, tx, user, { kind: 'password_changed', ...whereFrom(client) });
  return { deviceToken: device.cookie };
}

type Reason = AuditDetail<'password.change_refused'>['reason'];

async function refused(
  env: Env,
  { user }: Session,
  client: Client,
  field: ChangeRefused['field'],
  refusal: Refusal,
  reason: Reason,
): Promise<ChangeRefused> {
  const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
  // A person who knows the current password can submit invalid new ones as often as they like.
  const key = refusalKey(env, refusal, client) ?? (field === 'new' ? `new-password:${user.id}` : undefined);
  await noteRefusal(env, { event: { action: 'password.change_refused', ...whose, detail: { reason } }, client, key });
  return { field, refusal };
}
