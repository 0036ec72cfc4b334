import type { Client } from '#core/sessions/client.ts';
import { ENROLLMENT_SECONDS } from '#core/sessions/session.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { useAccessCode } from '#flows/authenticators/access-code.ts';
import { type Confirmation, confirmNew } from '#flows/authenticators/confirm-new.ts';
import { type StartedPasskey, startPasskey } from '#flows/authenticators/enroll-passkey.ts';
import {
  type Confirmed,
  type Enrollee,
  findOpenEnrollment,
  type OpenEnrollment,
  startEnrollment,
} from '#flows/authenticators/enrollment.ts';
import { drawRecoveryCodes, type FreshCodes, issueRecoveryCodes } from '#flows/authenticators/issue-recovery-codes.ts';
import { firstPlace, furtherPlace } from '#flows/authenticators/places.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueMail, whereFrom } from '#flows/runtime/mail.ts';
import { queueWebhooks } from '#flows/runtime/queue-webhooks.ts';
import { type Around, personTransaction, plainly } from '#flows/runtime/transaction.ts';
import { endOthers } from '#flows/sign-in/end-others.ts';
import { continueToOf, finishSignIn, type NewSession } from '#flows/sign-in/finish-sign-in.ts';
import { deadlineOf, stateOf } from '#flows/sign-in/sign-in-state.ts';
import type { Queries } from '#store/engine/database.ts';
import { holdPartner } from '#store/engine/locks.ts';
import { setMfaSkipped } from '#store/people/user-life.ts';
import { findPerson } from '#store/people/users.ts';
import { deleteOtherDevices } from '#store/sign-in/devices.ts';
import { completePendingSignIn, isAtSetUp, type PendingSignIn } from '#store/sign-in/pending-sign-ins.ts';

const CODES_PATH = '/enroll/recovery-codes';

/** Shows the secret to this pending sign-in. A person with an authenticator gets none: they must use that one. */
export async function startAtSignIn(
  env: Env,
  pending: PendingSignIn,
  client: Client,
): Promise<OpenEnrollment | Refusal> {
  if (!isAtSetUp(pending)) return refuse('forbidden', { reason: 'already_enrolled' });
  return startEnrollment(env, enrolleeOf(pending, client), ENROLLMENT_SECONDS);
}

/** The same for a passkey: what the browser needs to create it. */
export async function startPasskeyAtSignIn(
  env: Env,
  pending: PendingSignIn,
  client: Client,
): Promise<StartedPasskey | Refusal> {
  if (!isAtSetUp(pending)) return refuse('forbidden', { reason: 'already_enrolled' });
  return startPasskey(env, enrolleeOf(pending, client), undefined);
}

/** Checks the access code required after a reset. It unlocks the set-up for this pending sign-in only. */
export function giveAccessCode(env: Env, pending: PendingSignIn, typed: string, client: Client, around?: Around<true>) {
  return useAccessCode(env, enrolleeOf(pending, client), typed, around);
}

export function findAtSignIn(env: Env, pending: PendingSignIn): Promise<OpenEnrollment | undefined> {
  return findOpenEnrollment(env, pending.id);
}

export type EnrolledSignIn = {
  readonly session: NewSession;
  /** Absent if the person had an authenticator already: its codes stay. */
  readonly recoveryCodes: readonly string[] | undefined;
};

/**
 * A correct code, or a new passkey, creates the authenticator and completes the sign-in, or does nothing. Recovery codes
 * come with a first authenticator.
 */
export async function confirmAtSignIn(
  env: Env,
  pending: PendingSignIn,
  by: Confirmation,
  client: Client,
  around: Around<EnrolledSignIn> = plainly,
): Promise<EnrolledSignIn | Refusal> {
  if (!isAtSetUp(pending)) return refuse('forbidden', { reason: 'already_enrolled' });
  const { user, proven } = pending;
  const isFirst = proven === undefined;
  return confirmNew<FreshCodes | undefined, EnrolledSignIn>(env, enrolleeOf(pending, client), by, {
    place: (tx) => (isFirst ? firstPlace(tx, user.id) : furtherPlace(tx, user.id, by.kind)),
    draw: async () =>
      isFirst ? drawRecoveryCodes(env, user.id, client, { kind: 'pendingSignIn', pending }) : undefined,
    open: (tx, confirmed) => around(tx, () => complete(env, tx, { pending, client, confirmed })),
  });
}

type Completion = {
  readonly pending: PendingSignIn;
  readonly client: Client;
  readonly confirmed: Confirmed<FreshCodes | undefined>;
};

async function complete(
  env: Env,
  tx: Queries,
  { pending, client, confirmed }: Completion,
): Promise<EnrolledSignIn | Refusal> {
  const { user, channel, deviceId, returnTo, proven } = pending;
  const { drawn, event, factor } = confirmed;
  const now = env.now();
  const showsCodes = drawn !== undefined && channel === 'page';
  const landing = showsCodes ? CODES_PATH : channel === 'page' ? continueToOf(env, pending, user.role) : '';
  if (!(await completePendingSignIn(tx, pending.id, landing, now))) return refuse('sign_in_expired');
  const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
  await appendEvent(env, tx, { ...event, ...whose }, client);
  if (drawn) {
    await queueWebhooks(env, tx, { type: 'user.mfa_enrolled', user });
    await issueRecoveryCodes(env, tx, { user, channel, client }, drawn);
  }
  await endOthers(env, tx, { user, keepSessionId: '', keepPendingId: pending.id, client }, 'authenticator_changed');
  // A device that became known by the password alone counts as unknown at the second factor.
  await deleteOtherDevices(tx, user.id, deviceId);
  await queueMail(env, tx, user, { kind: drawn ? 'mfa_enrolled' : 'passkey_added', ...whereFrom(client) });
  const proof = { factor, proven, enrolled: true } as const;
  const session = await finishSignIn(env, tx, { person: pending, channel, ...proof, deviceId, returnTo, client }, now);
  return { session, recoveryCodes: drawn?.codes };
}

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
