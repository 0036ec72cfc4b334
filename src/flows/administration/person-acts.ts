import { countersToUnlock } from '#core/limits/counter-kinds.ts';
import { canDisable, isDisabled, unlockTries } from '#core/limits/throttle.ts';
import { isStaff, type Role } from '#core/people/policy.ts';
import { isShutOut, shutOutBecause } from '#core/people/state.ts';
import type { TrustChange } from '#core/sessions/trusted-device.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import type { EventClient } from '#flows/runtime/append-event.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { counterOwnersOf } from '#flows/sign-in/attempt-counters.ts';
import { endTrustedDevices } from '#flows/trusted-devices/end.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import { deleteEnrollments } from '#store/authenticators/enrollments.ts';
import type { Queries } from '#store/engine/database.ts';
import { lockAdministrators } from '#store/engine/locks.ts';
import { changeTries, findTries } from '#store/limits/attempts.ts';
import { revokeLinks } from '#store/people/links.ts';
import { claimReminding, countOtherAdministrators, setDisabled, setRole } from '#store/people/user-life.ts';
import type { Person, User } from '#store/people/users.ts';
import { endSessions } from '#store/sessions/endings.ts';
import { deleteDevices } from '#store/sign-in/devices.ts';
import { deletePendingSignIns } from '#store/sign-in/pending-changes.ts';
import { type Doing, needReason, personAct } from './act.ts';
import { whoActs } from './actor.ts';
import { endWithPerson } from './end-with-person.ts';
import { makeLink, type NewLink } from './make-link.ts';

/** Keys of the management API that were revoked with the person who made them. */
export type EndedKeys = { readonly apiKeys: readonly { readonly id: string; readonly name: string }[] };

/**
 * From now on this person cannot sign in; their sessions end. `changed` is false if they were already disabled.
 *
 * Refuses for the last administrator who can sign in, except on the command line, which can add another one.
 */
export const disableUser = personAct({
  name: 'disable',
  events: ['user.disabled'],
  needs: needReason,
  async does({ env, tx, person, actor, acting, input, note }) {
    const { id } = person.user;
    if (acting.kind !== 'operator' && (await isLastAdministrator(tx, person))) {
      return refuse('forbidden', { reason: 'last_administrator' });
    }
    const changed = await setDisabled(tx, id, env.now());
    const sessions = await endAll(env, tx, person.user, { ...whoActs(actor), because: 'disabled' });
    await revokeLinks(tx, id);
    if (changed) await note('user.disabled', input);
    const apiKeys = await endWithPerson(env, tx, { userId: id, actor, because: 'maker_disabled' });
    return { person, sessions, changed, apiKeys };
  },
});

export const enableUser = personAct({
  name: 'enable',
  events: ['user.enabled'],
  needs: needReason,
  async does({ tx, person, input, note }) {
    const changed = await setDisabled(tx, person.user.id, undefined);
    if (changed) await note('user.enabled', input);
    return { person, changed };
  },
});

/**
 * Clears waits, failures in a row and the 24-hour count, but not the 30-day budget and not a disabled authenticator.
 * `stillDisabled`: only a reset of MFA, or the person with another second factor, can enable that one again.
 */
export const unlockUser = personAct({
  name: 'unlock',
  events: ['user.unlocked'],
  needs: needReason,
  async does({ env, tx, person, input, note }) {
    const { id, email } = person.user;
    let stillDisabled = false;
    for (const { key, rule } of countersToUnlock(await counterOwnersOf(env, tx, id, [email]))) {
      await changeTries(tx, key, (tries) => unlockTries(rule, tries), env.now());
      if (canDisable(rule)) stillDisabled ||= isDisabled(rule, await findTries(tx, key));
    }
    await note('user.unlocked', input);
    return { person, stillDisabled };
  },
});

/**
 * Gives a person another role, within a team or within the staff. Ends open sessions, sign-ins, enrollments and trusted
 * devices, so that none keeps or gains rights. Known devices stay, because they carry no rights (record 38).
 *
 * Refuses for the last administrator who can sign in.
 */
export const changeRole = personAct({
  name: 'change_role',
  events: ['user.role_changed', 'staff.role_changed'],
  needs: ({ to }: { readonly to: Role }) => ({ to }),
  async does({ env, tx, person, actor, input: { to }, note }) {
    const { user } = person;
    const { id, role: from } = user;
    if (isStaff(from) !== isStaff(to)) return refuse('not_found', { reason: 'user' });
    if (from === to) return person;
    if (await isLastAdministrator(tx, person)) return refuse('forbidden', { reason: 'last_administrator' });
    if (!(await setRole(tx, id, { from, to }))) return refuse('not_found', { reason: 'user' });
    await deletePendingSignIns(tx, id, '');
    await deleteEnrollments(tx, id);
    await endSessions(tx, { userId: id });
    await endTrustedDevices(env, tx, { user, ...whoActs(actor) }, 'role_changed');
    if (from === 'admin') await endWithPerson(env, tx, { userId: id, actor, because: 'maker_demoted' });
    if (isStaff(from) && isStaff(to)) await note('staff.role_changed', { from, to });
    else await note('user.role_changed', { from, to });
    return person;
  },
});

/** Makes a single-use link to set a password and shows it to the operator; revokes every earlier unused link. */
export const makeResetLink = personAct({
  name: 'show_password_link',
  events: ['link.created'],
  needs: () => ({}),
  does: newResetLink,
});

/** Mails the same link to its owner; nobody else sees it. */
export const mailResetLink = personAct({
  name: 'mail_password_link',
  events: ['link.created'],
  needs: () => ({}),
  async does(doing) {
    const link = await newResetLink(doing);
    if (isRefusal(link)) return link;
    await queueMail(doing.env, doing.tx, doing.person.user, { kind: 'password_reset', link: link.url });
    return link;
  },
});

async function newResetLink({
  env,
  tx,
  person,
  note,
}: Doing<object, 'link.created'>): Promise<(NewLink & { readonly person: Person }) | Refusal> {
  const shutOut = shutOutBecause(person);
  if (shutOut !== undefined) return refuse('forbidden', { reason: shutOut });
  const link = await makeLink(env, tx, { purpose: 'reset', userId: person.user.id });
  await note('link.created', { purpose: 'reset' });
  return { ...link, person };
}

/** Reminds a person by mail to set up MFA: at most once a day, counted over all managers. */
export const remindPerson = personAct({
  name: 'remind',
  events: ['user.reminded'],
  needs: () => ({}),
  async does({ env, tx, person, note }): Promise<true | Refusal> {
    const { user } = person;
    if (user.sealedPassword === undefined) return refuse('forbidden', { reason: 'invited' });
    if (isShutOut(person)) return refuse('forbidden', { reason: 'user_disabled' });
    if (await factorsOf(tx, user.id)) return refuse('forbidden', { reason: 'enrolled' });
    const now = env.now();
    if (!(await claimReminding(tx, user.id, now, now - DAY_SECONDS))) {
      return refuse('too_many_attempts', { reason: 'reminded', retryAfterSeconds: DAY_SECONDS });
    }
    await queueMail(env, tx, user, { kind: 'set_up_asked' });
    await note('user.reminded', {});
    return true;
  },
});

/** Whether nobody else could administer the service. A lock keeps this true until the transaction ends. */
export async function isLastAdministrator(tx: Queries, { user }: Person): Promise<boolean> {
  if (!isStaff(user.role)) return false;
  await lockAdministrators(tx);
  return user.role === 'admin' && (await countOtherAdministrators(tx, user.id)) === 0;
}

/** Why everything that a person has open ends, and who ends it. */
type EndingAll = { readonly actor: string; readonly client: EventClient; readonly because: TrustChange };

/** Ends sessions, sign-ins and enrollments, and forgets known and trusted devices; returns how many sessions ended. */
export async function endAll(
  env: Env,
  tx: Queries,
  user: Pick<User, 'id' | 'partnerId'>,
  { because, ...by }: EndingAll,
): Promise<number> {
  const userId = user.id;
  await deletePendingSignIns(tx, userId, '');
  await deleteEnrollments(tx, userId);
  await deleteDevices(tx, userId);
  const sessions = await endSessions(tx, { userId });
  await endTrustedDevices(env, tx, { user, ...by }, because);
  return sessions;
}
