import type { AuditDetail } from '#core/audit.ts';
import type { Client } from '#core/client.ts';
import { noticeText } from '#core/notice.ts';
import { isRefusal, type Refusal, refuse } from '#core/result.ts';
import { isDisabled, RULES } from '#core/throttle.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/append-event.ts';
import { checkPasswordTry, reopen } from '#flows/check-password.ts';
import { endOthers } from '#flows/end-others.ts';
import { knowDevice } from '#flows/know-device.ts';
import { oneTimeCodeKey } from '#flows/lanes.ts';
import { queueMail, whereFrom } from '#flows/mail.ts';
import { hashNewPassword } from '#flows/new-password.ts';
import { isSamePassword } from '#flows/passwords.ts';
import { personTransaction } from '#flows/transaction.ts';
import { deleteTries, findTries } from '#store/attempts.ts';
import { findAuthenticator } from '#store/authenticators.ts';
import type { Queries } from '#store/database.ts';
import { deleteDevices, listDeviceIds } from '#store/devices.ts';
import { revokeLinks } from '#store/links.ts';
import { setNotice, setSessionDevice } from '#store/session-changes.ts';
import type { Session } from '#store/sessions.ts';
import { findPerson, replacePassword } from '#store/users.ts';

export type PasswordChange = { readonly current: string; readonly next: string };

/** Which of the two fields was refused. */
export type ChangeRefused = { readonly field: 'current' | 'new'; readonly refusal: Refusal };

/**
 * Changes a person's own password: the current one is asked for beside the step-up, every other session and every known
 * device ends, and this browser is known anew. Answers the new device cookie.
 */
export async function changePassword(
  env: Env,
  session: Session,
  { current, next }: PasswordChange,
  client: Client,
): Promise<Changed | ChangeRefused> {
  const { user, partner, deviceId } = session;
  const attempt = { email: user.email, password: current, person: { user, partner }, deviceId, client };
  const proven = await checkPasswordTry(env, attempt, async () => true);
  if (!('opened' in proven)) {
    const reason = proven.fault === 'wrong_password' ? proven.fault : proven.refusal.refused;
    return refused(env, session, client, 'current', proven.refusal, reason);
  }
  const sealed = await hashNewPassword(env, { ...user, partner }, next);
  if (isRefusal(sealed)) return refused(env, session, client, 'new', sealed, sealed.refused);

  const changed = await personTransaction(env.db, user.id, async (tx) => {
    const now = await findPerson(tx, user.id);
    if (!now || !isSamePassword(env, now.user, user)) return refuse('invalid_credentials');
    if (!(await replacePassword(tx, user.id, { from: now.user.sealedPassword, to: sealed }))) {
      return refuse('invalid_credentials');
    }
    await bringBackAuthenticator(tx, session);
    return forgetAndTell(env, tx, session, client);
  });
  if (!isRefusal(changed)) return changed;
  return refused(env, session, client, 'current', changed, changed.refused);
}

/**
 * A disabled authenticator comes back by proof of another second factor plus a changed password. Where it is not
 * disabled nothing is refilled: a budget that a recovery code renews would forgive.
 */
async function bringBackAuthenticator(tx: Queries, { user, stepUpMethod }: Session): Promise<void> {
  if (stepUpMethod !== 'recovery_code') return;
  const authenticator = await findAuthenticator(tx, user.id);
  if (!authenticator) return;
  for (const deviceId of [undefined, ...(await listDeviceIds(tx, user.id))]) {
    const key = oneTimeCodeKey(authenticator.id, deviceId);
    if (isDisabled(RULES.oneTimeCode, await findTries(tx, key))) await deleteTries(tx, [key]);
  }
}

type Changed = { readonly deviceToken: string };

async function forgetAndTell(env: Env, tx: Queries, session: Session, client: Client): Promise<Changed | Refusal> {
  const { user } = session;
  const ended = await endOthers(env, tx, { user, keepSessionId: session.id, client }, 'password_changed');
  await deleteDevices(tx, user.id);
  await revokeLinks(tx, user.id);
  await reopen(env, tx, user.email, env.now());
  const device = await knowDevice(env, tx, user.id, { ...client, deviceToken: undefined });
  await setSessionDevice(tx, session.id, device.id);
  // Both hashes took their time: a session that was ended meanwhile changes nothing.
  const told = await setNotice(tx, session.id, noticeText({ kind: 'password_changed', ended }));
  if (!told) return refuse('sign_in_expired');
  const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
  await appendEvent(env, tx, { action: 'password.changed', ...whose, detail: {} }, client);
  await queueMail(env, tx, user, { kind: 'password_changed', ...whereFrom(client) });
  return { deviceToken: device.token };
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
  await env.db.transaction((tx) =>
    appendEvent(env, tx, { action: 'password.change_refused', ...whose, detail: { reason } }, client),
  );
  return { field, refusal };
}
