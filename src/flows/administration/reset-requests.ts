import { accessCodeExpiresAt } from '#core/authenticators/access-code.ts';
import { isStaff } from '#core/people/policy.ts';
import { isSecondPerson } from '#core/people/second-person.ts';
import { staffReason } from '#core/people/staff-reason.ts';
import { RESET_REQUEST_SECONDS } from '#core/sessions/session.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { makeAccessCode, type NewAccessCode } from '#flows/authenticators/access-code.ts';
import { actingOn } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { findAccessCode } from '#store/authenticators/access-codes.ts';
import type { Queries } from '#store/engine/database.ts';
import { resetsWithoutCode } from '#store/partners/partners.ts';
import {
  claimResetRequest,
  createResetRequest,
  findResetRequest,
  type ResetRequest,
} from '#store/people/reset-requests.ts';
import type { ResetRequestTable } from '#store/people/tables.ts';
import { findAccount } from '#store/people/user-life.ts';
import { findPerson, type Person } from '#store/people/users.ts';
import { type Actor, actorClient, actorId } from './actor.ts';
import { personBehind } from './api-keys.ts';
import { endAll } from './person-acts.ts';
import { type ResetDone, resetMfaOf } from './reset-mfa.ts';

/** How identity can have been checked: a closed list, so that it can be counted later. */
export const IDENTITY_CHECKS = ['callback', 'video', 'in_person', 'manager', 'other'] as const;

export type ResetTyped = {
  readonly personId: string;
  readonly actor: Actor;
  readonly reason: string;
  readonly checkedBy: string | undefined;
  readonly checkNote: string;
  readonly codeMinutes: number;
};

export type CodeTyped = Pick<ResetTyped, 'personId' | 'actor' | 'codeMinutes'>;

/** `waits` where a second member of staff has to agree. */
export type ResetOutcome = ResetDone | { readonly waits: true };

/** Resets a person's MFA, or puts it before a second member of staff where the settings say so. */
export async function askForReset(env: Env, typed: ResetTyped): Promise<ResetOutcome | Refusal> {
  const request = readRequest(env, typed);
  if ('refused' in request) return request;
  return actingOn<ResetOutcome>(env, typed.actor, typed.personId, async (tx) => {
    const person = await findPerson(tx, typed.personId);
    if (!person || isStaff(person.user.role)) return refuse('not_found', { reason: 'user' });
    if (!env.config.resetSecondApprover) return carryOut(env, tx, person, request, typed.actor);
    if (!(await createResetRequest(tx, request, waitingSince(env)))) return refuse('forbidden', { reason: 'waits' });
    const who = { actor: actorId(typed.actor), subject: person.user.id, partner: person.user.partnerId };
    const detail = { reason: staffReason(request.reason), checkedBy: request.checked_by };
    if (detail.reason === undefined) return refuse('invalid_request', { reason: 'reason_missing' });
    const event = { action: 'reset.requested' as const, ...who, detail: { ...detail, reason: detail.reason } };
    await appendEvent(env, tx, event, actorClient(typed.actor));
    return { waits: true };
  });
}

/**
 * Resets the MFA of a member of staff, for an administrator, and never of the one who asks: that would be a way round the
 * second factor. Nobody has to agree: an administrator can invite another one anyway.
 */
export async function resetStaffMfa(env: Env, typed: ResetTyped): Promise<ResetDone | Refusal> {
  const request = readRequest(env, typed);
  if ('refused' in request) return request;
  return actingOn(env, typed.actor, typed.personId, async (tx) => {
    if (typed.personId === (await personBehind(tx, typed.actor))) return refuse('forbidden', { reason: 'own' });
    const person = await findPerson(tx, typed.personId);
    if (!person || !isStaff(person.user.role)) return refuse('not_found', { reason: 'user' });
    return carryOut(env, tx, person, request, typed.actor);
  });
}

/** The second member of staff agrees: another person than the one who asked. Of two who agree at once one carries it out. */
export async function approveReset(env: Env, requestId: string, actor: Actor): Promise<ResetDone | Refusal> {
  return withRequest(env, requestId, actor, async (tx, request, person) => {
    if (isStaff(person.user.role)) return refuse('not_found', { reason: 'request' });
    if (!(await mayApprove(env, tx, request, await personBehind(tx, actor)))) {
      return refuse('not_found', { reason: 'request' });
    }
    return carryOut(env, tx, person, request, actor);
  });
}

/** Whether this person may agree to a reset that waits; the list and the act ask the same. */
export async function mayApprove(env: Env, queries: Queries, request: ResetRequest, personId: string) {
  const asker = {
    ...{ id: request.asker_id, createdBy: request.asker_created_by ?? undefined },
    createdAt: request.asker_created_at ?? 0,
  };
  const approver = await findAccount(queries, personId);
  return approver !== undefined && isSecondPerson(asker, approver, env.now());
}

/** Takes a waiting request off the list: declined by another, or taken back by whoever asked. */
export async function declineReset(env: Env, requestId: string, actor: Actor): Promise<true | Refusal> {
  return withRequest<true>(env, requestId, actor, async (tx, _request, { user }) => {
    const who = { actor: actorId(actor), subject: user.id, partner: user.partnerId };
    await appendEvent(env, tx, { action: 'reset.declined', ...who, detail: {} }, actorClient(actor));
    return true;
  });
}

/** A request made at this moment or before waits no more. */
export function waitingSince(env: Pick<Env, 'now'>): number {
  return env.now() - RESET_REQUEST_SECONDS;
}

/** Takes a request that still waits off the list and decides it; a refusal leaves it there. */
async function withRequest<T>(
  env: Env,
  requestId: string,
  actor: Actor,
  decide: (tx: Queries, request: ResetRequest, person: Person) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const since = waitingSince(env);
  const owner = async (tx: Queries) => (await findResetRequest(tx, requestId, since))?.user_id;
  return actingOn(env, actor, owner, async (tx) => {
    const found = await findResetRequest(tx, requestId, since);
    const person = found && (await findPerson(tx, found.user_id));
    if (!person || !(await claimResetRequest(tx, requestId))) return refuse('not_found', { reason: 'request' });
    return decide(tx, found, person);
  });
}

/**
 * Another code for somebody whose reset is done, and who could not use the first: it opens nothing any more. Where two have
 * to agree to a code, one of them alone gets no other: they ask for the reset again.
 */
export async function renewAccessCode(env: Env, typed: CodeTyped): Promise<NewAccessCode | Refusal> {
  if (env.config.resetSecondApprover) return refuse('forbidden', { reason: 'second_needed' });
  return renewCodeOf(env, typed, ({ user }) => !isStaff(user.role));
}

/** The same for a member of staff, for an administrator. */
export function renewStaffAccessCode(env: Env, typed: CodeTyped): Promise<NewAccessCode | Refusal> {
  return renewCodeOf(env, typed, ({ user }) => isStaff(user.role));
}

async function renewCodeOf(
  env: Env,
  { personId, actor, codeMinutes }: CodeTyped,
  isTheirs: (person: Person) => boolean,
): Promise<NewAccessCode | Refusal> {
  const expiresAt = accessCodeExpiresAt(codeMinutes, env.now());
  if (expiresAt === undefined) return refuse('invalid_request', { reason: 'code_minutes' });
  return actingOn(env, actor, personId, async (tx) => {
    const person = await findPerson(tx, personId);
    if (!person || !isTheirs(person)) return refuse('not_found', { reason: 'user' });
    if (!(await findAccessCode(tx, personId))) return refuse('forbidden', { reason: 'no_code' });
    // What the first code may have opened, to whomever, ends with it.
    await endAll(tx, personId);
    return makeAccessCode(env, tx, { user: person.user, expiresAt }, actor);
  });
}

function readRequest(env: Env, typed: ResetTyped): ResetRequestTable | Refusal {
  const reason = staffReason(typed.reason);
  if (reason === undefined) return refuse('invalid_request', { reason: 'reason_missing' });
  const checkedBy = IDENTITY_CHECKS.find((known) => known === typed.checkedBy);
  if (checkedBy === undefined) return refuse('invalid_request', { reason: 'checked_by' });
  const checkNote = staffReason(typed.checkNote);
  if (checkNote === undefined) return refuse('invalid_request', { reason: 'check_note' });
  if (accessCodeExpiresAt(typed.codeMinutes, 0) === undefined) {
    return refuse('invalid_request', { reason: 'code_minutes' });
  }
  return {
    id: env.newId(),
    user_id: typed.personId,
    requested_by: actorId(typed.actor),
    requested_at: env.now(),
    reason,
    checked_by: checkedBy,
    check_note: checkNote,
    code_minutes: typed.codeMinutes,
  };
}

async function carryOut(
  env: Env,
  tx: Queries,
  person: Person,
  request: ResetRequestTable,
  actor: Actor,
): Promise<ResetDone | Refusal> {
  const reason = staffReason(request.reason);
  const checkNote = staffReason(request.check_note);
  if (reason === undefined || checkNote === undefined) return refuse('invalid_request', { reason: 'reason_missing' });
  const without = person.partner !== undefined && (await resetsWithoutCode(tx, person.partner.id));
  const requestedBy = request.requested_by === actorId(actor) ? undefined : request.requested_by;
  return resetMfaOf(env, tx, person, {
    actor,
    reason,
    check: { checkedBy: request.checked_by, checkNote, requestedBy },
    codeExpiresAt: without ? undefined : accessCodeExpiresAt(request.code_minutes, env.now()),
  });
}
