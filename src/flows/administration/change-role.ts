import { isStaff, type Role } from '#core/people/policy.ts';
import { refuse } from '#core/values/result.ts';
import { endTrustedDevices } from '#flows/trusted-devices/end.ts';
import { deleteEnrollments } from '#store/authenticators/enrollments.ts';
import { setRole } from '#store/people/user-life.ts';
import { endSessions } from '#store/sessions/endings.ts';
import { deletePendingSignIns } from '#store/sign-in/pending-changes.ts';
import { personAct } from './act.ts';
import { whoActs } from './actor.ts';
import { endWithPerson } from './end-with-person.ts';
import { isLastAdministrator } from './person-acts.ts';

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
