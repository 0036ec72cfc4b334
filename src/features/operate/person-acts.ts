import { type StaffReason, staffReason } from '#core/audit.ts';
import { canonicalEmail } from '#core/email.ts';
import { type Refusal, refuse } from '#core/result.ts';
import { isDisabled, RULES, unlockTries } from '#core/throttle.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/append-event.ts';
import { type Lane, oneTimeCodeKey, oneTimeCodeKeys, passwordKey, recoveryCodeKey } from '#flows/lanes.ts';
import { makeLink, type NewLink } from '#flows/make-link.ts';
import { transactionOrRefusal } from '#flows/transaction.ts';
import { changeTries, deleteTriesUnder, findTries } from '#store/attempts.ts';
import { deleteAuthenticator, findAuthenticator } from '#store/authenticators.ts';
import type { Queries } from '#store/database.ts';
import { deleteDevices, listDeviceIds } from '#store/devices.ts';
import { deleteEnrollments } from '#store/enrollments.ts';
import { revokeLinks } from '#store/links.ts';
import { lockUser } from '#store/locks.ts';
import { deletePendingSignIns } from '#store/pending-sign-ins.ts';
import { deleteRecoveryCodes } from '#store/recovery-codes.ts';
import { deleteOtherSessions } from '#store/sessions.ts';
import { findPerson, findPersonByEmail, type Person, setDisabled } from '#store/users.ts';

/** An act on one person by someone who has to say why. */
export type PersonAct = { readonly email: string; readonly actor: string; readonly reason: string };

type Ended = { readonly person: Person; readonly sessions: number };

/**
 * Takes every authenticator from a person, with all that was built on it: recovery codes, secrets shown, known devices,
 * sessions, open sign-ins and counted tries. The next sign-in leads to enrollment.
 */
export async function resetMfa(env: Env, act: PersonAct): Promise<Ended | Refusal> {
  return actOn(env, act, async (tx, person, reason) => {
    const { user } = person;
    const authenticator = await findAuthenticator(tx, user.id);
    if (authenticator) {
      await deleteAuthenticator(tx, authenticator.id);
      await deleteTriesUnder(tx, oneTimeCodeKeys(authenticator.id));
    }
    await deleteTriesUnder(tx, `recovery:${user.id}:`);
    await deleteRecoveryCodes(tx, user.id);
    const sessions = await endAll(tx, user.id);
    const event = { action: 'user.mfa_reset', ...who(act, person), detail: { reason, sessions } } as const;
    await appendEvent(env, tx, event, undefined);
    return { person, sessions };
  });
}

/** From now on this person cannot sign in; whatever was open ends. `changed` is false when it was so already. */
export async function disableUser(env: Env, act: PersonAct): Promise<(Ended & { changed: boolean }) | Refusal> {
  return actOn(env, act, async (tx, person, reason) => {
    const { user } = person;
    const changed = await setDisabled(tx, user.id, env.now());
    const sessions = await endAll(tx, user.id);
    await revokeLinks(tx, user.id);
    const event = { action: 'user.disabled', ...who(act, person), detail: { reason } } as const;
    if (changed) await appendEvent(env, tx, event, undefined);
    return { person, sessions, changed };
  });
}

export async function enableUser(env: Env, act: PersonAct): Promise<{ person: Person; changed: boolean } | Refusal> {
  return actOn(env, act, async (tx, person, reason) => {
    const changed = await setDisabled(tx, person.user.id, undefined);
    const event = { action: 'user.enabled', ...who(act, person), detail: { reason } } as const;
    if (changed) await appendEvent(env, tx, event, undefined);
    return { person, changed };
  });
}

/**
 * Clears waits, failures in a row and the 24-hour count; not the 30-day budget, and not a disabled authenticator:
 * `stillDisabled` says that only `resetMfa`, or the person with another second factor, brings that one back.
 */
export async function unlockUser(
  env: Env,
  act: PersonAct,
): Promise<{ person: Person; stillDisabled: boolean } | Refusal> {
  return actOn(env, act, async (tx, person, reason) => {
    const { lanes, codeKeys } = await lanesOf(env, tx, person);
    for (const { key, rule } of lanes) await changeTries(tx, key, (tries) => unlockTries(rule, tries), env.now());
    let stillDisabled = false;
    for (const key of codeKeys) stillDisabled ||= isDisabled(RULES.oneTimeCode, await findTries(tx, key));
    const event = { action: 'user.unlocked', ...who(act, person), detail: { reason } } as const;
    await appendEvent(env, tx, event, undefined);
    return { person, stillDisabled };
  });
}

/** A single-use link to set a password; every unused link before it dies. */
export async function makeResetLink(env: Env, { email, actor }: Omit<PersonAct, 'reason'>): Promise<NewLink | Refusal> {
  return transactionOrRefusal(env.db, async (tx) => {
    const person = await findTyped(tx, email);
    if (!person) return refuse('not_found', { reason: 'user' });
    if (person.user.disabledAt !== undefined) return refuse('forbidden', { reason: 'user_disabled' });
    const link = await makeLink(env, tx, { purpose: 'reset', userId: person.user.id });
    const event = { action: 'link.created', ...who({ actor }, person), detail: { purpose: 'reset' } } as const;
    await appendEvent(env, tx, event, undefined);
    return link;
  });
}

async function actOn<T>(
  env: Env,
  { email, reason: typed }: PersonAct,
  work: (tx: Queries, person: Person, reason: StaffReason) => Promise<T>,
): Promise<T | Refusal> {
  const reason = staffReason(typed);
  if (reason === undefined) return refuse('invalid_request', { reason: 'reason_missing' });
  return transactionOrRefusal(env.db, async (tx) => {
    const person = await findTyped(tx, email);
    return person ? work(tx, person, reason) : refuse('not_found', { reason: 'user' });
  });
}

/** The person of a typed email, locked: as they are now, and as they stay until the end of the transaction. */
async function findTyped(tx: Queries, typed: string): Promise<Person | undefined> {
  const email = canonicalEmail(typed);
  const person = email === undefined ? undefined : await findPersonByEmail(tx, email);
  if (!person) return undefined;
  await lockUser(tx, person.user.id);
  return findPerson(tx, person.user.id);
}

function who({ actor }: Pick<PersonAct, 'actor'>, { user }: Person) {
  return { actor, subject: user.id, partner: user.partnerId };
}

/** Ends what is open; answers how many sessions that were. */
async function endAll(tx: Queries, userId: string): Promise<number> {
  await deletePendingSignIns(tx, userId, '');
  await deleteEnrollments(tx, userId);
  await deleteDevices(tx, userId);
  return deleteOtherSessions(tx, userId, '');
}

/** Every counter that may keep this person waiting, on each device known for them and on all others. */
async function lanesOf(env: Env, tx: Queries, { user }: Person): Promise<{ lanes: Lane[]; codeKeys: string[] }> {
  const known = await listDeviceIds(tx, user.id);
  const devices = [undefined, ...known];
  const authenticator = await findAuthenticator(tx, user.id);
  const codeKeys = authenticator ? devices.map((device) => oneTimeCodeKey(authenticator.id, device)) : [];
  const lanes = [
    ...codeKeys.map((key) => ({ key, rule: RULES.oneTimeCode })),
    ...devices.map((device) => ({ key: recoveryCodeKey(user.id, device), rule: RULES.recoveryCode })),
    ...known.map((device) => ({ key: `password-device:${device}`, rule: RULES.passwordKnownDevice })),
    { key: passwordKey(env, user.email), rule: RULES.passwordUnknownDevice },
    { key: `new-pending:${user.id}`, rule: RULES.newPendingSignIns },
  ];
  return { lanes, codeKeys };
}
