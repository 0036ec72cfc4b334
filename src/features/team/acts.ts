import { staffReason } from '#core/people/staff-reason.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { actorClient, actorId } from '#flows/administration/actor.ts';
import { eraseUser } from '#flows/administration/delete-user.ts';
import { endAll } from '#flows/administration/person-acts.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { findAuthenticator } from '#store/authenticators/authenticators.ts';
import type { Queries } from '#store/engine/database.ts';
import { revokeLinks } from '#store/people/links.ts';
import { deleteOutsideInvitation, setOutsideRole } from '#store/people/outside-invitations.ts';
import { claimReminding, setDisabled, setRole } from '#store/people/user-life.ts';
import type { Person } from '#store/people/users.ts';
import { actorOf, type Manager, onColleague } from './colleague.ts';

/** Makes a member a manager, or the reverse. Their sessions end, so that none keeps rights it was not opened with. */
export async function switchRole(env: Env, manager: Manager, id: string): Promise<true | Refusal> {
  return onColleague<true>(env, manager, id, async (tx, colleague) => {
    if (colleague.kind === 'outside') {
      await setOutsideRole(tx, id, other(colleague.invitation.role));
      return true;
    }
    const { role, disabledAt } = colleague.person.user;
    if (disabledAt !== undefined) return refuse('forbidden', { reason: 'user_disabled' });
    if (role !== 'member' && role !== 'manager') return refuse('not_found', { reason: 'user' });
    const change = { from: role, to: other(role) };
    if (!(await setRole(tx, id, change))) return refuse('not_found', { reason: 'user' });
    await endAll(tx, id);
    const event = { action: 'user.role_changed', ...who(manager, id), detail: change } as const;
    await appendEvent(env, tx, event, actorClient(actorOf(manager)));
    return true;
  });
}

function other(role: 'member' | 'manager'): 'member' | 'manager' {
  return role === 'member' ? 'manager' : 'member';
}

/**
 * Takes somebody out of the team. Who has ever had a password is disabled, so that a manager's slip, or a manager's stolen
 * session, can be undone by staff; an invitation that nobody accepted is gone, and its email free.
 */
export async function removeColleague(
  env: Env,
  manager: Manager,
  id: string,
): Promise<'disabled' | 'deleted' | Refusal> {
  return onColleague<'disabled' | 'deleted'>(env, manager, id, async (tx, colleague) => {
    if (colleague.kind === 'outside') {
      await deleteOutsideInvitation(tx, id);
      return 'deleted';
    }
    const { person } = colleague;
    if (person.user.sealedPassword === undefined) return deleteInvited(env, tx, manager, person);
    if (!(await setDisabled(tx, id, env.now()))) return 'disabled';
    await endAll(tx, id);
    await revokeLinks(tx, id);
    const event = { action: 'user.disabled', ...who(manager, id), detail: { reason: REASON } } as const;
    await appendEvent(env, tx, event, actorClient(actorOf(manager)));
    return 'disabled';
  });
}

async function deleteInvited(env: Env, tx: Queries, manager: Manager, person: Person): Promise<'deleted'> {
  const sessions = await eraseUser(env, tx, person);
  const event = {
    action: 'user.deleted',
    ...who(manager, person.user.id),
    detail: { reason: REASON, sessions },
  } as const;
  await appendEvent(env, tx, event, actorClient(actorOf(manager)));
  return 'deleted';
}

const REASON = reasonOf('removed on the page of the team');

function reasonOf(text: string) {
  const reason = staffReason(text);
  if (reason === undefined) throw new Error('a reason of our own is none');
  return reason;
}

/** Asks somebody by mail to set up MFA, once a day at most, whoever of the managers asks. */
export async function remindColleague(env: Env, manager: Manager, id: string): Promise<true | Refusal> {
  return onColleague<true>(env, manager, id, async (tx, colleague) => {
    if (colleague.kind === 'outside') return refuse('forbidden', { reason: 'invited' });
    const { user } = colleague.person;
    if (user.sealedPassword === undefined) return refuse('forbidden', { reason: 'invited' });
    if (user.disabledAt !== undefined) return refuse('forbidden', { reason: 'user_disabled' });
    if (await findAuthenticator(tx, id)) return refuse('forbidden', { reason: 'enrolled' });
    const now = env.now();
    if (!(await claimReminding(tx, id, now, now - DAY_SECONDS))) {
      return refuse('too_many_attempts', { reason: 'reminded', retryAfterSeconds: DAY_SECONDS });
    }
    await queueMail(env, tx, user, { kind: 'set_up_asked' });
    const event = { action: 'user.reminded', ...who(manager, id), detail: {} } as const;
    await appendEvent(env, tx, event, actorClient(actorOf(manager)));
    return true;
  });
}

function who(manager: Manager, subject: string) {
  return { actor: actorId(actorOf(manager)), subject, partner: manager.session.partner.id };
}
