import { isShutOut } from '#core/people/state.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { deleteUser } from '#flows/administration/delete-user.ts';
import { changeRole, disableUser, remindPerson } from '#flows/administration/person-acts.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { deleteOutsideInvitation, setOutsideRole } from '#store/people/outside-invitations.ts';
import type { Person } from '#store/people/users.ts';
import { type Manager, onColleague } from './colleague.ts';

/** Makes a member a manager, or a manager a member. */
export function switchRole(
  env: Env,
  manager: Manager,
  id: string,
  around: Around<true> = plainly,
): Promise<true | Refusal> {
  return onColleague<true>(env, manager, id, around, {
    async person(held) {
      if (isShutOut(held.person)) return refuse('forbidden', { reason: 'user_disabled' });
      const { role } = held.person.user;
      const changed = await changeRole.within(env, held, { to: role === 'manager' ? 'member' : 'manager' });
      return isRefusal(changed) ? changed : true;
    },
    async outside(tx, { role }) {
      await setOutsideRole(tx, id, role === 'manager' ? 'member' : 'manager');
      return true;
    },
  });
}

type Removed = 'disabled' | 'deleted';

/**
 * Removes a person from the team. A person who ever had a password is only disabled, so that staff can undo a mistake
 * or the misuse of a stolen session. An unaccepted invitation is deleted, and its email becomes free.
 */
export function removeColleague(
  env: Env,
  manager: Manager,
  id: string,
  around: Around<Removed> = plainly,
): Promise<Removed | Refusal> {
  return onColleague<Removed>(env, manager, id, around, {
    async person(held) {
      const isInvited = hasNeverEntered(held.person);
      const removed = await (isInvited ? deleteUser : disableUser).within(env, held, REMOVED);
      if (isRefusal(removed)) return removed;
      return isInvited ? 'deleted' : 'disabled';
    },
    async outside(tx) {
      await deleteOutsideInvitation(tx, id);
      return 'deleted';
    },
  });
}

function hasNeverEntered({ user }: Person): boolean {
  return user.sealedPassword === undefined;
}

const REMOVED = { reason: 'removed on the page of the team' };

/** Asks a person by mail to set up MFA. */
export function remindColleague(
  env: Env,
  manager: Manager,
  id: string,
  around: Around<true> = plainly,
): Promise<true | Refusal> {
  return onColleague<true>(env, manager, id, around, {
    person: (held) => remindPerson.within(env, held, {}),
    outside: async () => refuse('forbidden', { reason: 'invited' }),
  });
}
