import { unlockTries } from '#core/limits/throttle.ts';
import { normalizePassword } from '#core/people/password.ts';
import { isShutOut } from '#core/people/state.ts';
import type { Client } from '#core/sessions/client.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Asker } from '#crypto/hash-queue.ts';
import type { Hashing } from '#crypto/password-hash.ts';
import type { Env } from '#env.ts';
import { confirmAuthority } from '#flows/runtime/acting.ts';
import { personTransaction } from '#flows/runtime/transaction.ts';
import type { Queries } from '#store/engine/database.ts';
import { changeTries, reserveTries } from '#store/limits/attempts.ts';
import { findPerson, type Person, replacePassword } from '#store/people/users.ts';
import type { Authority } from '#store/sessions/granted.ts';
import { emailCounter, passwordCounters } from './attempt-counters.ts';
import { type Counted, countedTurn } from './hash-turn.ts';
import { isSamePassword, openPassword, sealPassword } from './passwords.ts';
import { giveBackTries } from './reserve-try.ts';

/** A typed password, and for which person. */
export type PasswordTry = {
  /** Canonical; the counters exist whether or not there is a user. */
  readonly email: string;
  readonly password: string;
  readonly person: Person | undefined;
  readonly deviceId: string | undefined;
  readonly client: Client;
  /** The session in which the person enters the password again; absent at sign-in. */
  readonly authority?: Authority;
  /** Whose share of the hash queue it uses. */
  readonly asker: Asker;
};

/** Why a password was refused: for the audit log, never for the person who typed it. */
export type PasswordFault =
  | 'unknown_email'
  | 'no_password'
  | 'wrong_password'
  | 'disabled'
  | 'too_many_attempts'
  | 'temporarily_unavailable';

/** The refusal that the person gets, and the fault behind it. */
export type PasswordRefused = { readonly refusal: Refusal; readonly fault: PasswordFault };

/**
 * Compares a password, or refuses.
 *
 * At its turn to be hashed, the try is first counted and committed. An unknown email, a wrong password and a disabled
 * user cause the same work, use the same counters and get the same answer. `open` runs in the transaction that gives
 * the try back.
 */
export async function checkPasswordTry<T>(
  env: Env,
  attempt: PasswordTry,
  open: (tx: Queries, person: Person) => Promise<T | Refusal>,
): Promise<{ readonly opened: T } | PasswordRefused> {
  const { email, deviceId, client, asker, authority } = attempt;
  const counters = passwordCounters(env, email, deviceId, client);
  const reserve = async (tx: Queries, now: number) => {
    if (authority) await confirmAuthority(env, tx, authority);
    return reserveTries(tx, counters, now);
  };
  const checked = await countedTurn(env, { asker, kind: 'password', counters, reserve }, (hashing, counted) =>
    compare(env, attempt, { hashing, ...counted }, open),
  );
  if (!isRefusal(checked)) return checked;
  const isBusy = checked.refused === 'temporarily_unavailable';
  return { refusal: checked, fault: isBusy ? checked.refused : 'too_many_attempts' };
}

async function compare<T>(
  env: Env,
  { email, person, deviceId, authority, ...typed }: PasswordTry,
  { hashing, counted, at }: Counted & { readonly hashing: Hashing },
  open: (tx: Queries, person: Person) => Promise<T | Refusal>,
): Promise<{ readonly opened: T } | PasswordRefused> {
  const password = normalizePassword(typed.password) ?? '';
  const stored = person && openPassword(env, person.user);
  const fits = await hashing.verify(stored, password);
  const fault = faultOf(person, stored, fits);
  if (fault !== undefined || !person)
    return { refusal: refuse('invalid_credentials'), fault: fault ?? 'unknown_email' };

  const isOld = stored !== undefined && env.hasher.needsRehash(stored);
  const current = isOld ? await rehash(env, person, await hashing.hash(password)) : person;
  const outcome = await personTransaction(env.db, person.user.id, async (tx) => {
    if (authority) await confirmAuthority(env, tx, authority, person.user.id);
    // The hash takes time, so the person is read again.
    const fresh = await findPerson(tx, person.user.id);
    if (!fresh || isShutOut(fresh)) return refuse('invalid_credentials');
    if (!isSamePassword(env, fresh.user, current.user)) return refuse('invalid_credentials');
    await giveBackTries(tx, counted, at);
    if (deviceId !== undefined) await reopen(env, tx, email, at);
    return open(tx, fresh);
  });
  if (!isRefusal(outcome)) return { opened: outcome };
  if (outcome.refused !== 'too_many_attempts') return { refusal: outcome, fault: 'wrong_password' };
  // The password was right, so a limit that refuses later does not count as a failed try.
  await env.db.transaction((tx) => giveBackTries(tx, counted, at));
  return { refusal: outcome, fault: 'too_many_attempts' };
}

function faultOf(person: Person | undefined, stored: string | undefined, fits: boolean): PasswordFault | undefined {
  if (!person) return 'unknown_email';
  if (stored === undefined) return 'no_password';
  if (!fits) return 'wrong_password';
  return isShutOut(person) ? 'disabled' : undefined;
}

/** The password on a known device, or a link sent by mail, clears the lockout for unknown devices. */
export async function reopen(env: Env, tx: Queries, email: string, now: number): Promise<void> {
  const { key, rule } = emailCounter(env, 'password', email);
  await changeTries(tx, key, (state) => unlockTries(rule, state), now);
}

/** Hashes again with today's parameters. When two requests do this at once, only the first changes the row. */
async function rehash(env: Env, person: Person, phc: string): Promise<Person> {
  const { id, sealedPassword } = person.user;
  const to = sealPassword(env, id, phc);
  const changed = await env.db.transaction((tx) =>
    replacePassword(tx, id, { from: sealedPassword, to, chosenAt: undefined }),
  );
  return changed ? { ...person, user: { ...person.user, sealedPassword: to } } : person;
}
