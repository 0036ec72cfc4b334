import type { StaffReason } from '#core/audit/values.ts';
import { isStaff } from '#core/people/policy.ts';
import { staffReason } from '#core/people/staff-reason.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { actingOn } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import type { Queries } from '#store/engine/database.ts';
import { lockHouse } from '#store/engine/locks.ts';
import { revokeLinks } from '#store/people/links.ts';
import { countOtherAdministrators } from '#store/people/staff.ts';
import { setDisabled, setRole } from '#store/people/user-life.ts';
import { findPerson, type Person } from '#store/people/users.ts';
import { deleteOtherSessions } from '#store/sessions/session-changes.ts';
import { deletePendingSignIns } from '#store/sign-in/pending-changes.ts';
import { type Actor, actorClient, actorId } from './actor.ts';
import { endWithPerson } from './end-with-person.ts';
import { endAll } from './person-acts.ts';

type StaffAct = { readonly personId: string; readonly actor: Actor };

/**
 * Gives a member of staff another role; their sessions end, so that none keeps rights it was not opened with. Never from
 * the last administrator who can sign in.
 */
export async function changeStaffRole(
  env: Env,
  act: StaffAct & { readonly to: 'csm' | 'admin' },
): Promise<Person | Refusal> {
  return withStaff(env, act, async (tx, person) => {
    const { id, role } = person.user;
    if (role === act.to || (role !== 'csm' && role !== 'admin')) return person;
    if (act.to === 'csm' && (await isLast(tx, person))) return refuse('forbidden', { reason: 'last_administrator' });
    if (!(await setRole(tx, id, { from: role, to: act.to }))) return refuse('not_found', { reason: 'user' });
    await deletePendingSignIns(tx, id, '');
    await deleteOtherSessions(tx, id, '');
    if (act.to === 'csm') await endWithPerson(env, tx, { userId: id, actor: act.actor, because: 'maker_demoted' });
    const event = { action: 'staff.role_changed', ...who(act), detail: { from: role, to: act.to } } as const;
    await appendEvent(env, tx, event, actorClient(act.actor));
    return person;
  });
}

/** From now on this member of staff cannot sign in. Never the last administrator who can. */
export async function disableStaff(env: Env, act: StaffAct & { readonly reason: string }): Promise<Person | Refusal> {
  const reason = staffReason(act.reason);
  if (reason === undefined) return refuse('invalid_request', { reason: 'reason_missing' });
  return withStaff(env, act, async (tx, person) => {
    if (await isLast(tx, person)) return refuse('forbidden', { reason: 'last_administrator' });
    if (!(await setDisabled(tx, act.personId, env.now()))) return person;
    await endAll(tx, act.personId);
    await revokeLinks(tx, act.personId);
    await append(env, tx, act, 'user.disabled', reason);
    await endWithPerson(env, tx, { userId: act.personId, actor: act.actor, because: 'maker_disabled' });
    return person;
  });
}

export async function enableStaff(env: Env, act: StaffAct & { readonly reason: string }): Promise<Person | Refusal> {
  const reason = staffReason(act.reason);
  if (reason === undefined) return refuse('invalid_request', { reason: 'reason_missing' });
  return withStaff(env, act, async (tx, person) => {
    if (await setDisabled(tx, act.personId, undefined)) await append(env, tx, act, 'user.enabled', reason);
    return person;
  });
}

/** The member of staff, read while nobody else changes how many administrators there are. */
async function withStaff(
  env: Env,
  { personId, actor }: StaffAct,
  work: (tx: Queries, person: Person) => Promise<Person | Refusal>,
): Promise<Person | Refusal> {
  return actingOn(env, actor, personId, async (tx) => {
    await lockHouse(tx);
    const person = await findPerson(tx, personId);
    return person && isStaff(person.user.role) ? work(tx, person) : refuse('not_found', { reason: 'user' });
  });
}

async function isLast(tx: Queries, { user }: Person): Promise<boolean> {
  return user.role === 'admin' && (await countOtherAdministrators(tx, user.id)) === 0;
}

function append(
  env: Env,
  tx: Queries,
  act: StaffAct,
  action: 'user.disabled' | 'user.enabled',
  reason: StaffReason,
): Promise<void> {
  return appendEvent(env, tx, { action, ...who(act), detail: { reason } }, actorClient(act.actor));
}

function who({ actor, personId }: StaffAct) {
  return { actor: actorId(actor), subject: personId, partner: undefined };
}
