import type { AuditDetail } from '#core/audit.ts';
import type { Client } from '#core/client.ts';
import { normalizePassword } from '#core/password.ts';
import { isRefusal, type Refusal, refuse } from '#core/result.ts';
import { RULES, unlockTries } from '#core/throttle.ts';
import { tokenHash } from '#core/token.ts';
import type { Env } from '#env.ts';
import { appendEvent, emailHashOf } from '#flows/append-event.ts';
import { type BegunSignIn, beginSignIn, type FirstDoor } from '#flows/begin-sign-in.ts';
import { type Lane, passwordKey, passwordLanes } from '#flows/lanes.ts';
import { openPassword, sealPassword } from '#flows/passwords.ts';
import { giveBackLanes, returnLanes } from '#flows/reserve-try.ts';
import { transactionOrRefusal } from '#flows/transaction.ts';
import { changeTries, reserveTries } from '#store/attempts.ts';
import type { Mouth } from '#store/database.ts';
import { findKnownDevice } from '#store/devices.ts';
import { findPerson, findPersonByEmail, type Person, replacePassword } from '#store/users.ts';

export type PasswordAttempt = {
  /** Canonical. */
  readonly email: string;
  readonly password: string;
  readonly mouth: Mouth;
  readonly returnTo: string | undefined;
  readonly client: Client;
  readonly held?: NonNullable<FirstDoor['held']>;
};

type Reason = AuditDetail<'sign_in.password_refused'>['reason'];

/**
 * The first door. An unknown email, a wrong password and a disabled user do the same work, count in the same
 * buckets and get the same answer.
 */
export async function signInWithPassword(env: Env, attempt: PasswordAttempt): Promise<BegunSignIn | Refusal> {
  const now = env.now();
  const { email, client } = attempt;
  const person = await findPersonByEmail(env.db.read, email);
  const deviceId = await knownDevice(env, attempt, person, now);
  const lanes = passwordLanes(env, email, deviceId, client);
  const limit = await env.db.transaction((tx) => reserveTries(tx, lanes, now));
  if (limit) return record(env, attempt, person, limit, 'too_many_attempts');

  const password = normalizePassword(attempt.password) ?? '';
  const stored = person && openPassword(env, person.user);
  const fits = await env.hasher.verify(stored, password);
  if (isRefusal(fits)) {
    await env.db.transaction((tx) => returnLanes(tx, lanes, now));
    return record(env, attempt, person, fits, 'temporarily_unavailable');
  }
  const refused = refusedReason(person, stored, fits);
  if (refused !== undefined || !person) {
    return record(env, attempt, person, refuse('invalid_credentials'), refused ?? 'unknown_email');
  }
  const current = stored && env.hasher.needsRehash(stored) ? await rehash(env, person, password) : person;
  return accept(env, attempt, { person: current, deviceId, lanes, reservedAt: now });
}

async function knownDevice(
  env: Env,
  { client, mouth }: PasswordAttempt,
  person: Person | undefined,
  now: number,
): Promise<string | undefined> {
  if (mouth === 'api' || client.deviceToken === undefined) return undefined;
  return findKnownDevice(env.db.read, tokenHash(client.deviceToken), person?.user.id ?? '', now);
}

function refusedReason(person: Person | undefined, stored: string | undefined, fits: boolean): Reason | undefined {
  if (!person) return 'unknown_email';
  if (stored === undefined) return 'no_password';
  if (!fits) return 'wrong_password';
  return person.user.disabledAt === undefined ? undefined : 'disabled';
}

type Proven = { person: Person; deviceId: string | undefined; lanes: readonly Lane[]; reservedAt: number };

async function accept(env: Env, attempt: PasswordAttempt, proven: Proven): Promise<BegunSignIn | Refusal> {
  const { deviceId, lanes, reservedAt } = proven;
  const outcome = await transactionOrRefusal(env.db, async (tx) => {
    // The hash took its time: what was true before it must still be.
    const person = await findPerson(tx, proven.person.user.id);
    if (!person || person.user.disabledAt !== undefined) return refuse('invalid_credentials');
    if (person.user.sealedPassword !== proven.person.user.sealedPassword) return refuse('invalid_credentials');
    await giveBackLanes(tx, lanes, reservedAt);
    if (deviceId !== undefined) {
      const reopen = RULES.passwordUnknownDevice;
      await changeTries(tx, passwordKey(env, attempt.email), (state) => unlockTries(reopen, state), reservedAt);
    }
    const begun = await beginSignIn(env, tx, { ...attempt, person, deviceId }, env.now());
    if (isRefusal(begun)) return begun;
    await appendEvent(
      env,
      tx,
      {
        action: 'sign_in.password_accepted',
        actor: person.user.id,
        subject: person.user.id,
        partner: person.partner?.id,
        detail: { knownDevice: deviceId !== undefined, state: begun.state },
      },
      attempt.client,
    );
    return begun;
  });
  if (!isRefusal(outcome)) return outcome;
  const reason = outcome.refused === 'too_many_attempts' ? 'too_many_attempts' : 'wrong_password';
  return record(env, attempt, proven.person, outcome, reason);
}

/** Brings an old hash up to the parameters of today; whoever is slower at it changes nothing. */
async function rehash(env: Env, person: Person, password: string): Promise<Person> {
  const phc = await env.hasher.hash(password);
  if (isRefusal(phc)) return person;
  const { id, sealedPassword } = person.user;
  const to = sealPassword(env, id, phc);
  const changed = await env.db.transaction((tx) => replacePassword(tx, id, { from: sealedPassword, to }));
  return changed ? { ...person, user: { ...person.user, sealedPassword: to } } : person;
}

async function record(
  env: Env,
  { email, client }: PasswordAttempt,
  person: Person | undefined,
  refusal: Refusal,
  reason: Reason,
): Promise<Refusal> {
  await env.db.transaction((tx) =>
    appendEvent(
      env,
      tx,
      {
        action: 'sign_in.password_refused',
        subject: person?.user.id,
        partner: person?.partner?.id,
        detail: person ? { reason } : { reason, emailHash: emailHashOf(env, email) },
      },
      client,
    ),
  );
  return refusal;
}
