import type { StaffReason } from '#core/audit/values.ts';
import { isShutOut } from '#core/people/state.ts';
import type { Env } from '#env.ts';
import { makeAccessCode, type NewAccessCode } from '#flows/authenticators/access-code.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueMail } from '#flows/runtime/mail.ts';
import { queueWebhooks } from '#flows/runtime/queue-webhooks.ts';
import { counterOwnersOf, forgetFactorCounters } from '#flows/sign-in/attempt-counters.ts';
import { deleteAccessCode } from '#store/authenticators/access-codes.ts';
import { deleteAuthenticator, factorsOf } from '#store/authenticators/authenticators.ts';
import { deleteRecoveryCodes } from '#store/authenticators/recovery-codes.ts';
import type { Queries } from '#store/engine/database.ts';
import { deleteWaitingEmail } from '#store/people/email-links.ts';
import { deleteResetRequest } from '#store/people/reset-requests.ts';
import { setMfaSkipped } from '#store/people/user-life.ts';
import type { Person } from '#store/people/users.ts';
import { needReason, personAct } from './act.ts';
import { type Actor, actorClient, actorId, whoActs } from './actor.ts';
import { endAll } from './person-acts.ts';

/** How staff checked that the request came from the right person: for the audit log. */
export type IdentityCheck = {
  readonly checkedBy: string;
  readonly checkNote: StaffReason;
  /** Who requested it, if a second member of staff had to agree. */
  readonly requestedBy?: string | undefined;
};

export type MfaReset = {
  readonly actor: Actor;
  readonly reason: StaffReason;
  readonly check?: IdentityCheck;
  /** When the temporary access code expires; absent: the next enrollment needs no code. */
  readonly codeExpiresAt?: number | undefined;
};

export type ResetDone = {
  readonly person: Person;
  readonly sessions: number;
  readonly accessCode: NewAccessCode | undefined;
};

/** The reset on the command line needs no check of identity and no code, because the operator has the database. */
export const takeAuthenticators = personAct({
  name: 'take_authenticators',
  events: ['user.mfa_reset'],
  needs: needReason,
  does: ({ env, tx, person, actor, input: { reason } }) => takeAuthenticatorsOf(env, tx, person, { actor, reason }),
});

/**
 * Removes every authenticator of a person and all that depends on it, and mails them about it, unless they are
 * disabled. The next sign-in leads to enrollment, which also needs the temporary access code if there is one.
 */
export async function takeAuthenticatorsOf(env: Env, tx: Queries, person: Person, reset: MfaReset): Promise<ResetDone> {
  const { user } = person;
  const { actor, reason, check, codeExpiresAt } = reset;
  const sessions = await deleteFactors(env, tx, user, actor);
  const who = { actor: actorId(actor), subject: user.id, partner: user.partnerId };
  const event = { action: 'user.mfa_reset', ...who, detail: { reason, sessions, ...check } } as const;
  await appendEvent(env, tx, event, actorClient(actor));
  await queueWebhooks(env, tx, { type: 'user.mfa_reset', user });
  const mail = { kind: 'mfa_reset', withCode: codeExpiresAt !== undefined } as const;
  // A disabled person cannot sign in, so nothing in that mail would be true.
  if (!isShutOut(person)) await queueMail(env, tx, user, mail);
  const accessCode =
    codeExpiresAt === undefined ? undefined : await makeAccessCode(env, tx, { user, expiresAt: codeExpiresAt }, actor);
  return { person, sessions, accessCode };
}

/**
 * The deletions of a reset, for every channel; returns how many sessions ended. `store/engine/tables.ts` has the same
 * list by table, and a test compares the two.
 */
async function deleteFactors(env: Env, tx: Queries, user: Person['user'], actor: Actor): Promise<number> {
  const { id: userId, email } = user;
  const owners = await counterOwnersOf(env, tx, userId, [email]);
  for (const { id } of (await factorsOf(tx, userId))?.all ?? []) await deleteAuthenticator(tx, id);
  await forgetFactorCounters(tx, owners);
  await deleteRecoveryCodes(tx, userId);
  await deleteAccessCode(tx, userId);
  await deleteResetRequest(tx, userId);
  await deleteWaitingEmail(tx, userId);
  // The person chose "Not now" before the reset; the choice does not apply after it.
  await setMfaSkipped(tx, userId, undefined);
  return endAll(env, tx, user, { ...whoActs(actor), because: 'mfa_reset' });
}
