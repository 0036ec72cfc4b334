import { staffReason } from '#core/audit/detail.ts';
import type { StaffReason } from '#core/audit/values.ts';
import { accessCodeExpiresAt } from '#core/authenticators/access-code.ts';
import { isSecondPerson } from '#core/people/permissions.ts';
import { RESET_REQUEST_SECONDS } from '#core/sessions/session.ts';
import { isRefusal, type Refusal, refuse, refuseFields } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { makeAccessCode, type NewAccessCode } from '#flows/authenticators/access-code.ts';
import { checkReset, checkResetter, readResetRules } from '#flows/instance/reset-rules.ts';
import type { Around } from '#flows/runtime/transaction.ts';
import { findAccessCode } from '#store/authenticators/access-codes.ts';
import type { Queries } from '#store/engine/database.ts';
import { resetsWithoutCode } from '#store/partners/partners.ts';
import {
  claimResetRequest,
  createResetRequest,
  findResetRequest,
  type ResetRequest,
} from '#store/people/reset-requests.ts';
import { findAccount } from '#store/people/user-life.ts';
import { type Doing, type Held, personAct } from './act.ts';
import { type Actor, actorId, whoActs } from './actor.ts';
import { personBehind } from './api-keys.ts';
import { endAll } from './person-acts.ts';
import { type ResetDone, takeAuthenticatorsOf } from './take-authenticators.ts';

/** How staff can check an identity: a closed list, so that reports can count it. */
export const IDENTITY_CHECKS = ['callback', 'video', 'in_person', 'manager', 'other'] as const;

export type ResetTyped = CodeTyped & {
  readonly reason: string;
  readonly checkedBy: string | undefined;
  readonly checkNote: string;
};

export type CodeTyped = { readonly codeMinutes: number };

/** `waits`: a second member of staff has to agree. */
export type ResetOutcome = ResetDone | { readonly waits: true };

/**
 * Resets a person's MFA or, if the settings say so, makes a request that waits for a second member of staff. The row
 * `reset_mfa` of `core/people/permissions.ts` says who may do this.
 */
export const requestMfaReset = personAct({
  name: 'reset_mfa',
  events: ['reset.requested', 'user.mfa_reset', 'access_code.created'],
  needs: readRequest,
  async does(doing): Promise<ResetOutcome | Refusal> {
    const { env, tx, person, actor, input, note } = doing;
    const rules = await readResetRules(env, tx);
    const refused = checkReset(rules, doing.acting, input.codeMinutes);
    if (refused) return refused;
    if (!rules.resetSecondApprover) return carryOut(doing, input);
    const { reason, checkedBy, checkNote, codeMinutes } = input;
    const request = {
      id: env.newId(),
      user_id: person.user.id,
      requested_by: actorId(actor),
      requested_at: env.now(),
      reason,
      checked_by: checkedBy,
      check_note: checkNote,
      code_minutes: codeMinutes,
    };
    if (!(await createResetRequest(tx, request, waitingSince(env)))) return refuse('forbidden', { reason: 'waits' });
    await note('reset.requested', { reason, checkedBy });
    return { waits: true };
  },
});

/** Resets the MFA of a member of staff. One person is enough: an administrator could invite a new one anyway. */
export const resetStaffMfa = personAct({
  name: 'reset_staff_mfa',
  events: ['user.mfa_reset', 'access_code.created'],
  needs: readRequest,
  does: async (doing): Promise<ResetDone | Refusal> => (await checkLife(doing)) ?? carryOut(doing, doing.input),
});

/** A second member of staff, not the requester, agrees. When two agree at once, only one carries out the reset. */
const approve = personAct({
  name: 'approve_reset',
  events: ['user.mfa_reset', 'access_code.created'],
  needs: (typed: WhichRequest) => typed,
  async does(doing) {
    const { env, tx, actor, input } = doing;
    const rules = await readResetRules(env, tx);
    const refused = checkResetter(rules, doing.acting);
    if (refused) return refused;
    const request = await claimRequest(env, tx, input);
    if (isRefusal(request)) return request;
    if (!(await mayApprove(env, tx, request, await personBehind(tx, actor)))) {
      return refuse('not_found', { reason: 'request' });
    }
    const reset = readRequest({
      reason: request.reason,
      checkedBy: request.checked_by,
      checkNote: request.check_note,
      // The rule may have become stricter since the request.
      codeMinutes: Math.min(request.code_minutes, rules.accessCodeMinutes),
    });
    return isRefusal(reset) ? reset : carryOut(doing, reset, request.requested_by);
  },
});

/** Removes a waiting request: another person declines it, or the requester takes it back. */
const decline = personAct({
  name: 'decline_reset',
  events: ['reset.declined'],
  needs: (typed: WhichRequest) => typed,
  async does({ env, tx, input, note }): Promise<true | Refusal> {
    const request = await claimRequest(env, tx, input);
    if (isRefusal(request)) return request;
    await note('reset.declined', {});
    return true;
  },
});

type WhichRequest = { readonly requestId: string };

export function approveReset(
  env: Env,
  requestId: string,
  actor: Actor,
  around?: Around<ResetDone>,
): Promise<ResetDone | Refusal> {
  return approve(env, { ...ownerOf(env, requestId), requestId, actor }, around);
}

export function declineReset(
  env: Env,
  requestId: string,
  actor: Actor,
  around?: Around<true>,
): Promise<true | Refusal> {
  return decline(env, { ...ownerOf(env, requestId), requestId, actor }, around);
}

/** Finds the person whose reset waits under this id. */
function ownerOf(env: Env, requestId: string) {
  return { find: async (tx: Queries) => (await findResetRequest(tx, requestId, waitingSince(env)))?.user_id };
}

/** Removes a request that still waits. A later refusal rolls this back, and the request stays. */
async function claimRequest(env: Env, tx: Queries, { requestId }: WhichRequest): Promise<ResetRequest | Refusal> {
  const request = await findResetRequest(tx, requestId, waitingSince(env));
  if (!request || !(await claimResetRequest(tx, requestId))) return refuse('not_found', { reason: 'request' });
  return request;
}

/** Whether this person may agree to a waiting reset; used by the list and by the act. */
export async function mayApprove(env: Env, queries: Queries, request: ResetRequest, personId: string) {
  const asker = {
    id: request.asker_id,
    createdBy: request.asker_created_by ?? undefined,
    createdAt: request.asker_created_at ?? 0,
  };
  const approver = await findAccount(queries, personId);
  return approver !== undefined && isSecondPerson(asker, approver, env.now());
}

/** A request made at this moment or earlier has expired. */
export function waitingSince(env: Pick<Env, 'now'>): number {
  return env.now() - RESET_REQUEST_SECONDS;
}

/**
 * Makes a new access code after a reset, for a person who could not use the first; the first code stops working. If a
 * reset needs two people, one of them alone cannot do this: they request the reset again.
 */
export const renewAccessCode = personAct({
  name: 'renew_access_code',
  events: ['access_code.created'],
  needs: readMinutes,
  async does(doing) {
    const rules = await readResetRules(doing.env, doing.tx);
    if (rules.resetSecondApprover) return refuse('forbidden', { reason: 'second_needed' });
    return checkReset(rules, doing.acting, doing.input.codeMinutes) ?? renewCode(doing);
  },
});

/** The same for the code of a member of staff; only an administrator may do it. */
export const renewStaffAccessCode = personAct({
  name: 'renew_staff_access_code',
  events: ['access_code.created'],
  needs: readMinutes,
  does: async (doing): Promise<NewAccessCode | Refusal> => (await checkLife(doing)) ?? renewCode(doing),
});

async function renewCode({ env, tx, person: { user }, actor, input }: Doing<CodeTyped, 'access_code.created'>) {
  if (!(await findAccessCode(tx, user.id))) return refuse('forbidden', { reason: 'no_code' });
  // If somebody used the first code, what they opened ends with it.
  await endAll(env, tx, user, { ...whoActs(actor), because: 'access_code_renewed' });
  return makeAccessCode(env, tx, { user, expiresAt: expiryOf(env, input) }, actor);
}

/** For staff, whom only administrators reset anyway. */
async function checkLife({ env, tx, acting, input }: Doing<CodeTyped, never>): Promise<Refusal | undefined> {
  return checkReset(await readResetRules(env, tx), acting, input.codeMinutes);
}

function readMinutes({ codeMinutes }: CodeTyped): CodeTyped | Refusal {
  const isFitting = accessCodeExpiresAt(codeMinutes, 0) !== undefined;
  return isFitting ? { codeMinutes } : refuse('invalid_request', { reason: 'code_minutes' });
}

function expiryOf(env: Env, { codeMinutes }: CodeTyped): number {
  const expiresAt = accessCodeExpiresAt(codeMinutes, env.now());
  if (expiresAt === undefined) throw new Error('the minutes of a code were not read');
  return expiresAt;
}

/** A reset whose fields are all valid. */
type ResetRead = CodeTyped & {
  readonly reason: StaffReason;
  readonly checkedBy: (typeof IDENTITY_CHECKS)[number];
  readonly checkNote: StaffReason;
};

function readRequest(typed: ResetTyped): ResetRead | Refusal {
  const reason = staffReason(typed.reason);
  const checkedBy = IDENTITY_CHECKS.find((known) => known === typed.checkedBy);
  const checkNote = staffReason(typed.checkNote);
  const unfit = refuseFields([
    reason === undefined && 'reason_missing',
    checkedBy === undefined && 'checked_by',
    checkNote === undefined && 'check_note',
  ]);
  if (unfit || reason === undefined || checkedBy === undefined || checkNote === undefined) {
    return unfit ?? refuse('invalid_request');
  }
  const minutes = readMinutes(typed);
  return isRefusal(minutes) ? minutes : { reason, checkedBy, checkNote, ...minutes };
}

/** @param requestedBy who requested it, if a second member of staff agreed */
async function carryOut(
  { env, tx, person, actor }: Held & { readonly env: Env },
  reset: ResetRead,
  requestedBy?: string,
): Promise<ResetDone> {
  const { reason, checkedBy, checkNote } = reset;
  const without = person.partner !== undefined && (await resetsWithoutCode(tx, person.partner.id));
  return takeAuthenticatorsOf(env, tx, person, {
    actor,
    reason,
    check: { checkedBy, checkNote, requestedBy },
    codeExpiresAt: without ? undefined : expiryOf(env, reset),
  });
}
