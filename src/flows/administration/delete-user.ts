import type { CounterOwners } from '#core/limits/attempt-counters.ts';
import { isStaff } from '#core/people/policy.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { forgetCounters } from '#flows/sign-in/attempt-counters.ts';
import { mfaOfPerson } from '#flows/sign-in/mfa-state.ts';
import { findAuthenticator } from '#store/authenticators/authenticators.ts';
import type { Queries } from '#store/engine/database.ts';
import { lockHouse } from '#store/engine/locks.ts';
import { listEmailsOf } from '#store/people/email-links.ts';
import { listLinkIds } from '#store/people/links.ts';
import { countOtherAdministrators } from '#store/people/staff.ts';
import { deleteUserRow } from '#store/people/user-life.ts';
import type { Person } from '#store/people/users.ts';
import { deleteMailTo } from '#store/queue/outbox.ts';
import { deleteDeliveriesAbout } from '#store/queue/webhook-deliveries.ts';
import { listDeviceIds } from '#store/sign-in/devices.ts';
import { actorClient, actorId } from './actor.ts';
import { endWithPerson } from './end-with-person.ts';
import { leaveEmail } from './former-emails.ts';
import { actOn, type EndedKeys, endAll, type PersonAct } from './person-acts.ts';

/** In the console only somebody who is disabled already: two steps, and the first can be undone. */
type Deletion = PersonAct & { readonly onlyDisabled?: true };

/**
 * Deletes a person for good, in one transaction: password, authenticators, codes, devices, sessions, links, mail that waits,
 * what webhooks were told of them and everything counted for them. The audit log keeps what they did and what was done to them, by an id that leads
 * nowhere any more. Their email stays reserved for 30 days where they had MFA, and its links go by mail alone. Never the last administrator who can sign in.
 */
export async function deleteUser(
  env: Env,
  act: Deletion,
): Promise<({ readonly person: Person; readonly sessions: number } & EndedKeys) | Refusal> {
  return actOn(env, act, async (tx, person, reason) => {
    const { id, role, partnerId, disabledAt } = person.user;
    if (isStaff(role)) await lockHouse(tx);
    if (role === 'admin' && (await countOtherAdministrators(tx, id)) === 0) {
      return refuse('forbidden', { reason: 'last_administrator' });
    }
    if (act.onlyDisabled && disabledAt === undefined) return refuse('forbidden', { reason: 'not_disabled' });
    const sessions = await eraseUser(env, tx, person);
    const who = { actor: actorId(act.actor), subject: id, partner: partnerId };
    const event = { action: 'user.deleted', ...who, detail: { reason, sessions } } as const;
    await appendEvent(env, tx, event, actorClient(act.actor));
    const apiKeys = await endWithPerson(env, tx, { userId: id, actor: act.actor, because: 'maker_deleted' });
    return { person, sessions, apiKeys };
  });
}

/** Takes away every row that is this person's; answers how many sessions those were. The caller writes the event. */
export async function eraseUser(env: Env, tx: Queries, { user }: Person): Promise<number> {
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
