import type { Client } from '#core/sessions/client.ts';
import { ENROLLMENT_SECONDS } from '#core/sessions/session.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { useAccessCode } from '#flows/authenticators/access-code.ts';
import {
  confirmEnrollment,
  type Enrollee,
  findOpenEnrollment,
  type OpenEnrollment,
  startEnrollment,
} from '#flows/authenticators/enrollment.ts';
import { drawRecoveryCodes, type FreshCodes, issueRecoveryCodes } from '#flows/authenticators/issue-recovery-codes.ts';
import { firstPlace } from '#flows/authenticators/places.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueMail, whereFrom } from '#flows/runtime/mail.ts';
import { queueWebhooks } from '#flows/runtime/queue-webhooks.ts';
import { type Around, personTransaction, plainly } from '#flows/runtime/transaction.ts';
import { endOthers } from '#flows/sign-in/end-others.ts';
import { finishSignIn, type NewSession } from '#flows/sign-in/finish-sign-in.ts';
import { deadlineOf, stateOf } from '#flows/sign-in/sign-in-state.ts';
import type { Queries } from '#store/engine/database.ts';
import { holdPartner } from '#store/engine/locks.ts';
import { setMfaSkipped } from '#store/people/user-life.ts';
import { findPerson } from '#store/people/users.ts';
import { deleteOtherDevices } from '#store/sign-in/devices.ts';
import { completePendingSignIn, type PendingSignIn } from '#store/sign-in/pending-sign-ins.ts';

const CODES_PATH = '/enroll/recovery-codes';

/** Shows the secret to this pending sign-in. A person with an authenticator gets none: they must use that one. */
export async function startAtSignIn(
  env: Env,
  pending: PendingSignIn,
  client: Client,
): Promise<OpenEnrollment | Refusal> {
  if (pending.budgetId !== undefined) return refuse('forbidden', { reason: 'already_enrolled' });
  return startEnrollment(env, enrolleeOf(pending, client), ENROLLMENT_SECONDS);
}

/** Checks the access code required after a reset. It unlocks the set-up for this pending sign-in only. */
export function giveAccessCode(env: Env, pending: PendingSignIn, typed: string, client: Client, around?: Around<true>) {
  return useAccessCode(env, enrolleeOf(pending, client), typed, around);
}

export function findAtSignIn(env: Env, pending: PendingSignIn): Promise<OpenEnrollment | undefined> {
  return findOpenEnrollment(env, pending.id);
}

export type EnrolledSignIn = { readonly session: NewSession; readonly recoveryCodes: readonly string[] };

/** A correct code creates the authenticator and the recovery codes and completes the sign-in, or does nothing. */
export async function confirmAtSignIn(
  env: Env,
  pending: PendingSignIn,
  code: string,
  client: Client,
  around: Around<EnrolledSignIn> = plainly,
): Promise<EnrolledSignIn | Refusal> {
  if (pending.budgetId !== undefined) return refuse('forbidden', { reason: 'already_enrolled' });
  const { user, channel, deviceId, returnTo } = pending;
  const open = async (tx: Queries, { authenticatorId, drawn }: Confirmed): Promise<EnrolledSignIn | Refusal> => {
    const now = env.now();
    if (!(await completePendingSignIn(tx, pending.id, channel === 'page' ? CODES_PATH : '', now))) {
      return refuse('sign_in_expired');
    }
    const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
    await appendEvent(env, tx, { action: 'totp.enrolled', ...whose, detail: { authenticatorId } }, client);
    await queueWebhooks(env, tx, { type: 'user.mfa_enrolled', user });
    await issueRecoveryCodes(env, tx, { user, channel, client }, drawn);
    await endOthers(env, tx, { user, keepSessionId: '', keepPendingId: pending.id, client }, 'authenticator_changed');
    // A device that became known by the password alone counts as unknown at the second factor.
    await deleteOtherDevices(tx, user.id, deviceId);
    await queueMail(env, tx, user, { kind: 'mfa_enrolled', ...whereFrom(client) });
    const proof = { factor: 'totp', enrolled: true } as const;
    const signIn = { person: pending, channel, ...proof, deviceId, returnTo, client };
    const session = await finishSignIn(env, tx, signIn, now);
    return { session, recoveryCodes: drawn.codes };
  };
  return confirmEnrollment(env, enrolleeOf(pending, client), code, {
    place: (tx) => firstPlace(tx, user.id),
    draw: () => drawRecoveryCodes(env, user.id, client, { kind: 'pendingSignIn', pending }),
    open: (tx, confirmed) => around(tx, () => open(tx, confirmed)),
  });
}

type Confirmed = { readonly authenticatorId: string; readonly drawn: FreshCodes };

/** "Not now": allowed only while the policy, read in the same transaction, permits it. */
export async function skipAtSignIn(
  env: Env,
  pending: PendingSignIn,
  client: Client,
  around: Around<NewSession> = plainly,
): Promise<NewSession | Refusal> {
  const now = env.now();
  const { user, channel, deviceId, returnTo, replacedSessionId } = pending;
  const skip = async (tx: Queries): Promise<NewSession | Refusal> => {
    if (user.partnerId !== undefined) await holdPartner(tx, user.partnerId);
    // Read under both locks, because policy and exemption change under them too.
    const person = await findPerson(tx, user.id);
    if (!person) return refuse('sign_in_expired');
    const current = { ...pending, ...person };
    if (stateOf(current, now) !== 'enrollment_offered') return refuse('forbidden', { reason: 'required' });
    const session = await finishSignIn(
      env,
      tx,
      { person: current, channel, factor: undefined, deviceId, returnTo, replacedSessionId, client },
      now,
    );
    if (!(await completePendingSignIn(tx, pending.id, session.continueTo, now))) return refuse('sign_in_expired');
    await setMfaSkipped(tx, user.id, now);
    const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
    const detail = { deadlineAt: deadlineOf(current, now) };
    await appendEvent(env, tx, { action: 'enrollment.skipped', ...whose, detail }, client);
    return session;
  };
  return personTransaction(env.db, user.id, (tx) => around(tx, () => skip(tx)));
}

function enrolleeOf(pending: PendingSignIn, client: Client): Enrollee {
  const { id, user, expiresAt } = pending;
  return { user, ownerId: id, expiresAt, client, authority: { kind: 'pendingSignIn', pending } };
}
