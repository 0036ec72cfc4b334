import type { StaffReason } from '#core/audit/values.ts';
import { type AttemptCounter, countersToUnlock } from '#core/limits/attempt-counters.ts';
import { isDisabled, RULES, unlockTries } from '#core/limits/throttle.ts';
import { canonicalEmail } from '#core/people/email.ts';
import { staffReason } from '#core/people/staff-reason.ts';
import { shutOutBecause } from '#core/people/state.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { actingOn } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { findAuthenticator } from '#store/authenticators/authenticators.ts';
import { deleteEnrollments } from '#store/authenticators/enrollments.ts';
import type { Queries } from '#store/engine/database.ts';
import { changeTries, findTries } from '#store/limits/attempts.ts';
import { revokeLinks } from '#store/people/links.ts';
import { setDisabled } from '#store/people/user-life.ts';
import { findPerson, findPersonByEmail, type Person } from '#store/people/users.ts';
import { deleteOtherSessions } from '#store/sessions/session-changes.ts';
import { deleteDevices, listDeviceIds } from '#store/sign-in/devices.ts';
import { deletePendingSignIns } from '#store/sign-in/pending-changes.ts';
import { type Actor, actorClient, actorId } from './actor.ts';
import { endWithPerson } from './end-with-person.ts';
import { makeLink, type NewLink } from './make-link.ts';

/** On whom: by email as it was typed, or by id. */
type Whom = { readonly email: string } | { readonly id: string };

/** An act on one person by someone who has to say why. */
export type PersonAct = Whom & { readonly actor: Actor; readonly reason: string };

type Ended = { readonly person: Person; readonly sessions: number };
/** Keys of the management API that ended with their maker. */
export type EndedKeys = { readonly apiKeys: readonly { readonly id: string; readonly name: string }[] };

/** From now on this person cannot sign in; whatever was open ends. `changed` is false when it was so already. */
export async function disableUser(
  env: Env,
  act: PersonAct,
): Promise<(Ended & EndedKeys & { changed: boolean }) | Refusal> {
  return actOn(env, act, async (tx, person, reason) => {
    const { user } = person;
    const changed = await setDisabled(tx, user.id, env.now());
    const sessions = await endAll(tx, user.id);
    await revokeLinks(tx, user.id);
    const event = { action: 'user.disabled', ...who(act, person), detail: { reason } } as const;
    if (changed) await appendEvent(env, tx, event, actorClient(act.actor));
    const ending = { userId: user.id, actor: act.actor, because: 'maker_disabled' } as const;
    const apiKeys = await endWithPerson(env, tx, ending);
    return { person, sessions, changed, apiKeys };
  });
}

export async function enableUser(env: Env, act: PersonAct): Promise<{ person: Person; changed: boolean } | Refusal> {
  return actOn(env, act, async (tx, person, reason) => {
    const changed = await setDisabled(tx, person.user.id, undefined);
    const event = { action: 'user.enabled', ...who(act, person), detail: { reason } } as const;
    if (changed) await appendEvent(env, tx, event, actorClient(act.actor));
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
    let stillDisabled = false;
    for (const { key, rule } of await countersOf(env, tx, person)) {
      await changeTries(tx, key, (tries) => unlockTries(rule, tries), env.now());
      if (rule === RULES.oneTimeCode) stillDisabled ||= isDisabled(rule, await findTries(tx, key));
    }
    const event = { action: 'user.unlocked', ...who(act, person), detail: { reason } } as const;
    await appendEvent(env, tx, event, actorClient(act.actor));
    return { person, stillDisabled };
  });
}

/** A single-use link to set a password; every unused link before it dies. `mailed` to its owner where nobody else may see it. */
export async function makeResetLink(
  env: Env,
  act: Whom & { readonly actor: Actor; readonly mailed?: true },
): Promise<(NewLink & { readonly person: Person }) | Refusal> {
  return actingOn(env, act.actor, whomOf(act), async (tx, id) => {
    const person = id === undefined ? undefined : await findPerson(tx, id);
    if (!person) return refuse('not_found', { reason: 'user' });
    const shutOut = whyShutOut(person);
    if (shutOut !== undefined) return refuse('forbidden', { reason: shutOut });
    if (act.mailed) return { ...(await mailResetLink(env, tx, act.actor, person)), person };
    return { ...(await newResetLink(env, tx, act.actor, person)), person };
  });
}

/** Why this person cannot sign in, whatever they know. */
export function whyShutOut({ user, partner }: Person): ReturnType<typeof shutOutBecause> {
  return shutOutBecause({ disabledAt: user.disabledAt, archivedAt: partner?.archivedAt });
}

/** Mails a new link to set a password, in a transaction that holds the person already; the one before dies. */
export async function mailResetLink(env: Env, tx: Queries, actor: Actor, person: Person): Promise<NewLink> {
  const link = await newResetLink(env, tx, actor, person);
  await queueMail(env, tx, person.user, { kind: 'password_reset', link: link.url });
  return link;
}

async function newResetLink(env: Env, tx: Queries, actor: Actor, person: Person): Promise<NewLink> {
  const link = await makeLink(env, tx, { purpose: 'reset', userId: person.user.id });
  const event = { action: 'link.created', ...who({ actor }, person), detail: { purpose: 'reset' } } as const;
  await appendEvent(env, tx, event, actorClient(actor));
  return link;
}

/** Finds the person and runs `work` in one transaction; without a reason nothing is done. */
export async function actOn<T>(
  env: Env,
  act: PersonAct,
  work: (tx: Queries, person: Person, reason: StaffReason) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const reason = staffReason(act.reason);
  if (reason === undefined) return refuse('invalid_request', { reason: 'reason_missing' });
  return actingOn(env, act.actor, whomOf(act), async (tx, id) => {
    const person = id === undefined ? undefined : await findPerson(tx, id);
    return person ? work(tx, person, reason) : refuse('not_found', { reason: 'user' });
  });
}

function whomOf(whom: Whom) {
  return 'id' in whom ? whom.id : (tx: Queries) => idOf(tx, whom.email);
}

async function idOf(tx: Queries, typed: string): Promise<string | undefined> {
  const email = canonicalEmail(typed);
  return email === undefined ? undefined : (await findPersonByEmail(tx, email))?.user.id;
}

function who({ actor }: { readonly actor: Actor }, { user }: Person) {
  return { actor: actorId(actor), subject: user.id, partner: user.partnerId };
}

/** Ends what is open; answers how many sessions that were. */
export async function endAll(tx: Queries, userId: string): Promise<number> {
  await deletePendingSignIns(tx, userId, '');
  await deleteEnrollments(tx, userId);
  await deleteDevices(tx, userId);
  return deleteOtherSessions(tx, userId, '');
}

/** Every counter that may keep this person waiting, on each device known for them and on all others. */
async function countersOf(env: Env, tx: Queries, { user }: Person): Promise<readonly AttemptCounter[]> {
  const authenticator = await findAuthenticator(tx, user.id);
  return countersToUnlock({
    person: [user.id],
    authenticator: authenticator ? [authenticator.id] : [],
    device: await listDeviceIds(tx, user.id),
    email: [env.keys.mac('email', user.email)],
  });
}
