import { isShutOut } from '#core/people/state.ts';
import { isRefusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { counterOwnersOf, forgetCounters } from '#flows/sign-in/attempt-counters.ts';
import { mfaOfPerson } from '#flows/sign-in/mfa-state.ts';
import type { Queries } from '#store/engine/database.ts';
import { listEmailsOf } from '#store/people/email-links.ts';
import { deleteUserRow } from '#store/people/user-life.ts';
import type { Person } from '#store/people/users.ts';
import { deleteMailTo } from '#store/queue/outbox.ts';
import { deleteDeliveriesAbout } from '#store/queue/webhook-deliveries.ts';
import { needReason, personAct, type Why } from './act.ts';
import { type Actor, whoActs } from './actor.ts';
import { endWithPerson } from './end-with-person.ts';
import { leaveEmail } from './former-emails.ts';
import { endAll, isLastAdministrator } from './person-acts.ts';

/** `onlyDisabled`: the console and the API delete only disabled people. The first of these two steps can be undone. */
type Deletion = Why & { readonly onlyDisabled?: true };

/**
 * Deletes a person for good, in one transaction: password, authenticators, codes, devices, sessions, links, waiting
 * mail, waiting webhook deliveries about them and their counters. The audit log keeps its events, under an id that
 * leads nowhere. If they had MFA, their email stays reserved for 30 days; later its links go by mail only. Refuses for
 * the last administrator who can sign in.
 */
export const deleteUser = personAct({
  name: 'delete',
  events: ['user.deleted'],
  needs(typed: Deletion) {
    const why = needReason(typed);
    return isRefusal(why) ? why : { ...why, onlyDisabled: typed.onlyDisabled === true };
  },
  async does({ env, tx, person, actor, acting, input: { reason, onlyDisabled }, note }) {
    // A manager can delete only invitations. They can disable other people, which staff can undo.
    const isManager = acting.kind === 'person' && acting.role === 'manager';
    if (isManager && person.user.sealedPassword !== undefined) return refuse('forbidden', { reason: 'accepted' });
    if (await isLastAdministrator(tx, person)) return refuse('forbidden', { reason: 'last_administrator' });
    if (onlyDisabled && !isShutOut(person)) return refuse('forbidden', { reason: 'not_disabled' });
    const sessions = await eraseUser(env, tx, person, actor);
    await note('user.deleted', { reason, sessions });
    const apiKeys = await endWithPerson(env, tx, { userId: person.user.id, actor, because: 'maker_deleted' });
    return { person, sessions, apiKeys };
  },
});

/** Deletes every row of this person; returns how many sessions these were. */
async function eraseUser(env: Env, tx: Queries, { user }: Person, actor: Actor): Promise<number> {
  const emails = await listEmailsOf(tx, user);
  // An invited person never used this email here, so there is nothing to reserve.
  if (user.sealedPassword !== undefined) {
    const reserve = (await mfaOfPerson(tx, user.id)).state !== 'none';
    for (const email of emails) await leaveEmail(env, tx, email, { reserve });
  }
  for (const email of emails) await deleteMailTo(tx, email);
  await deleteDeliveriesAbout(tx, user.id);
  const owners = await counterOwnersOf(env, tx, user.id, emails);
  // A device that a link is about to make known is counted under the id of its person.
  await forgetCounters(tx, { ...owners, device: [user.id, ...owners.device] });
  const sessions = await endAll(env, tx, user, { ...whoActs(actor), because: 'deleted' });
  await deleteUserRow(tx, user.id);
  return sessions;
}
