import { cleanName, isSlug, slugOf } from '#core/name.ts';
import { type Refusal, refuse } from '#core/result.ts';
import { sessionIdleSeconds } from '#core/session.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/append-event.ts';
import { transactionOrRefusal } from '#flows/transaction.ts';
import type { PartnerTable, Queries } from '#store/database.ts';
import { deleteOverOfPartner } from '#store/housekeeping.ts';
import { createPartner, findPartnerBySlug, lockPartner, setMfaPolicy } from '#store/partners.ts';
import { deleteSkippablePendingSignIns } from '#store/pending-sign-ins.ts';
import { capSessionsWithoutSecondFactor, deleteSessionsWithoutSecondFactor } from '#store/sessions.ts';
import type { Partner } from '#store/users.ts';

/** What a partner asks for; `requiredFrom` with `required` only, and a moment that has passed means now. */
export type MfaChoice = { readonly policy: PartnerTable['mfa_policy']; readonly requiredFrom?: number | undefined };

type NewPartner = { readonly name: string; readonly slug: string | undefined; readonly mfa: MfaChoice };

export async function addPartner(env: Env, actor: string, typed: NewPartner): Promise<Partner | Refusal> {
  const name = cleanName(typed.name);
  if (name === undefined) return refuse('invalid_request', { reason: 'name' });
  const slug = typed.slug ?? slugOf(name);
  if (slug === undefined) return refuse('invalid_request', { reason: 'slug_missing' });
  if (!isSlug(slug)) return refuse('invalid_request', { reason: 'slug' });
  const now = env.now();
  const { policy, requiredFrom } = inForce(typed.mfa, now);
  const id = env.newId();
  return transactionOrRefusal(env.db, async (tx) => {
    const mfa = { mfa_policy: policy, mfa_required_from: requiredFrom ?? null };
    const created = await createPartner(tx, { id, slug, name, ...mfa, created_at: now });
    if (!created) return refuse('invalid_request', { reason: 'slug_taken' });
    await appendEvent(env, tx, { action: 'partner.created', actor, partner: id, detail: { policy } }, undefined);
    return { id, slug, name, policy, requiredFrom };
  });
}

export type PolicyChange = { readonly partner: Partner; readonly sessions: number; readonly signIns: number };

/**
 * Changes a partner's policy. `required` from now ends, in the same transaction, every session and every sign-in that
 * could be finished without a second factor; with a date such sessions end no later than that date.
 */
export async function changeMfaPolicy(
  env: Env,
  actor: string,
  slug: string,
  choice: MfaChoice,
): Promise<PolicyChange | Refusal> {
  return transactionOrRefusal(env.db, async (tx) => {
    const found = await findPartnerBySlug(tx, slug);
    const before = found && (await lockPartner(tx, found.id));
    if (!before) return refuse('not_found', { reason: 'partner' });
    const now = env.now();
    const mfa = inForce(choice, now);
    await setMfaPolicy(tx, before.id, mfa);
    const ended = await endWithoutSecondFactor(tx, before.id, mfa, now);
    const detail = { from: before.policy, to: mfa.policy, requiredFrom: mfa.requiredFrom, ...ended };
    const event = { action: 'partner.mfa_policy_changed', actor, partner: before.id, detail } as const;
    await appendEvent(env, tx, event, undefined);
    return { partner: { ...before, ...mfa }, ...ended };
  });
}

/** A date that has passed says no more than none: both are kept as none. */
function inForce({ policy, requiredFrom }: MfaChoice, now: number) {
  const isAhead = policy === 'required' && requiredFrom !== undefined && requiredFrom > now;
  return { policy, requiredFrom: isAhead ? requiredFrom : undefined };
}

async function endWithoutSecondFactor(
  tx: Queries,
  partnerId: string,
  { policy, requiredFrom }: ReturnType<typeof inForce>,
  now: number,
): Promise<{ sessions: number; signIns: number }> {
  if (policy !== 'required') return { sessions: 0, signIns: 0 };
  if (requiredFrom !== undefined) {
    await capSessionsWithoutSecondFactor(tx, partnerId, requiredFrom);
    return { sessions: 0, signIns: 0 };
  }
  await deleteOverOfPartner(tx, partnerId, { now, idleSince: now - sessionIdleSeconds('member') });
  const sessions = await deleteSessionsWithoutSecondFactor(tx, partnerId);
  return { sessions, signIns: await deleteSkippablePendingSignIns(tx, partnerId) };
}
