import type { CounterOwners } from '#core/limits/counter-kinds.ts';
import { isShutOut } from '#core/people/state.ts';
import { isRefusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { forgetCounters } from '#flows/sign-in/attempt-counters.ts';
import { mfaOfPerson } from '#flows/sign-in/mfa-state.ts';
import { findAuthenticator } from '#store/authenticators/authenticators.ts';
import type { Queries } from '#store/engine/database.ts';
import { listEmailsOf } from '#store/people/email-links.ts';
import { listLinkIds } from '#store/people/links.ts';
import { deleteUserRow } from '#store/people/user-life.ts';
import type { Person } from '#store/people/users.ts';
import { deleteMailTo } from '#store/queue/outbox.ts';
import { deleteDeliveriesAbout } from '#store/queue/webhook-deliveries.ts';
import { listDeviceIds } from '#store/sign-in/devices.ts';
import { needReason, personAct, type Why } from './act.ts';
import { endWithPerson } from './end-with-person.ts';
import { leaveEmail } from './former-emails.ts';
import { endAll, isLastAdministrator } from './person-acts.ts';

/** `onlyDisabled`, in the console and over the API: two steps, and the first can be undone. */
type Deletion = Why & { readonly onlyDisabled?: true };

/**
 * Deletes a person for good, in one transaction: password, authenticators, codes, devices, sessions, links, mail that waits,
 * what webhooks were to be sent about them and everything counted for them. The audit log keeps what they did and what was done
 * to them, by an id that leads nowhere any more. Their email stays reserved for 30 days where they had MFA, and its links go by
 * mail alone. Never the last administrator who can sign in.
 */
export const deleteUser = personAct({
  name: 'delete',
  events: ['user.deleted'],
  needs(typed: Deletion) {
    const why = needReason(typed);
    return isRefusal(why) ? why : { ...why, onlyDisabled: typed.onlyDisabled === true };
  },
  async does({ env, tx, person, actor, acting, input: { reason, onlyDisabled }, note }) {
    // A manager deletes invitations alone: anybody else is disabled, which staff can undo.
    const isManager = acting.kind === 'person' && acting.role === 'manager';
    if (isManager && person.user.sealedPassword !== undefined) return refuse('forbidden', { reason: 'accepted' });
    if (await isLastAdministrator(tx, person)) return refuse('forbidden', { reason: 'last_administrator' });
    if (onlyDisabled && !isShutOut(person)) return refuse('forbidden', { reason: 'not_disabled' });
    const sessions = await eraseUser(env, tx, person);
    await note('user.deleted', { reason, sessions });
    const apiKeys = await endWithPerson(env, tx, { userId: person.user.id, actor, because: 'maker_deleted' });
    return { person, sessions, apiKeys };
  },
});

/** Takes away every row that is this person's; answers how many sessions those were. */
async function eraseUser(env: Env, tx: Queries, { user }: Person): Promise<number> {
  const emails = await listEmailsOf(tx, user);
  // Nobody has had the email of an invitation that was never accepted.
  if (user.sealedPassword !== undefined) {
    const reserve = (await mfaOfPerson(tx, user.id)).state !== 'none';
    for (const email of emails) await leaveEmail(env, tx, email, { reserve });
  }
  for (const email of emails) await deleteMailTo(tx, email);
  await deleteDeliveriesAbout(tx, user.id);
  await forgetCounters(tx, await ownersOf(env, tx, user.id, emails));
  const sessions = await endAll(tx, user.id);
  await deleteUserRow(tx, user.id);
  return sessions;
}

/** What something may be counted for, of a person with these emails. */
async function ownersOf(env: Env, tx: Queries, id: string, emails: readonly string[]): Promise<CounterOwners> {
  const authenticator = await findAuthenticator(tx, id);
  return {
    person: [id],
    authenticator: authenticator ? [authenticator.id] : [],
    // A device that a link makes known has the id of its person, even while it is not known.
    device: [id, ...(await listDeviceIds(tx, id))],
    email: emails.flatMap((email) => env.keys.macs('email', email).map(({ mac }) => mac)),
    link: await listLinkIds(tx, id),
  };
}
