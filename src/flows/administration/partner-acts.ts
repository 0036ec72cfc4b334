import type { AuditEvent } from '#core/audit/actions.ts';
import { staffReason } from '#core/audit/detail.ts';
import type { StaffReason } from '#core/audit/values.ts';
import { inForce } from '#core/bulk/partner-change.ts';
import { cleanName } from '#core/people/name.ts';
import { secondFactorFrom } from '#core/people/policy.ts';
import { isSlug, numberedSlug, slugOf } from '#core/people/slug.ts';
import { sessionIdleSeconds } from '#core/sessions/session.ts';
import { isRefusal, type Refusal, refuse, refuseFields } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { actingTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { queueWebhooks } from '#flows/runtime/queue-webhooks.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { endTrustedDevicesOfPartner } from '#flows/trusted-devices/end.ts';
import type { Queries } from '#store/engine/database.ts';
import {
  createPartner,
  findPartnerByName,
  findPartnerBySlug,
  listNumberedSlugs,
  lockPartner,
  type NewPartner as NewPartnerRow,
  setArchived,
  setMfaPolicy,
  setPartnerName,
  setResetsWithoutCode,
} from '#store/partners/partners.ts';
import type { PartnerTable } from '#store/partners/tables.ts';
import { listExempt } from '#store/people/exemptions.ts';
import type { Partner } from '#store/people/users.ts';
import { capPasswordSessions, deleteOverOfPartner, endSessions } from '#store/sessions/endings.ts';
import { deletePendingSignInsOfPartner, deleteSkippablePendingSignIns } from '#store/sign-in/pending-changes.ts';
import { type Actor, actorClient, actorId, whoActs } from './actor.ts';

/** The policy to set. `requiredFrom` counts with `required` only; a past moment means now. */
export type MfaChoice = { readonly policy: PartnerTable['mfa_policy']; readonly requiredFrom?: number | undefined };

type NewPartner = { readonly name: string; readonly slug: string | undefined; readonly mfa: MfaChoice };

export async function addPartner(
  env: Env,
  actor: Actor,
  typed: NewPartner,
  around: Around<Partner> = plainly,
): Promise<Partner | Refusal> {
  const name = cleanName(typed.name);
  const isBadSlug = typed.slug !== undefined && !isSlug(typed.slug);
  const unfit = refuseFields([name === undefined && 'name', isBadSlug && 'slug']);
  if (unfit || name === undefined) return unfit ?? refuse('invalid_request');
  const now = env.now();
  const { policy, requiredFrom } = inForce(typed.mfa, now);
  const id = env.newId();
  return actingTransaction(env, actor, around, async (tx) => {
    const mfa = { mfa_policy: policy, mfa_required_from: requiredFrom ?? null };
    const slug = await createWithSlug(tx, { id, name, ...mfa, created_at: now }, typed.slug);
    if (isRefusal(slug)) return slug;
    await append(env, tx, actor, { action: 'partner.created', partner: id, detail: { policy } });
    return { id, slug, name, policy, requiredFrom, trustedDevices: false };
  });
}

/** Another request can take the free slug first; then the next number is tried, up to this often. */
const SLUG_TRIES = 5;

/**
 * Adds the row under the given slug, or under one made from the name. Without a given slug the name must be new, so
 * that nobody adds the same partner twice by mistake.
 */
async function createWithSlug(
  tx: Queries,
  partner: Omit<NewPartnerRow, 'slug'>,
  given: string | undefined,
): Promise<string | Refusal> {
  if (given !== undefined) {
    return (await createPartner(tx, { ...partner, slug: given }))
      ? given
      : refuse('invalid_request', { reason: 'slug_taken' });
  }
  const base = slugOf(partner.name);
  for (let slug = base, tries = 1; tries <= SLUG_TRIES; tries++) {
    // Checked at each try, because the request that took the slug may have added a partner of the same name.
    if (await findPartnerByName(tx, partner.name)) return refuse('invalid_request', { reason: 'name_taken' });
    if (await createPartner(tx, { ...partner, slug })) return slug;
    slug = numberedSlug(base, await listNumberedSlugs(tx, base));
  }
  return refuse('invalid_request', { reason: 'slug_taken' });
}

/** Gives a partner another name; the slug stays, because commands and programs use it. */
export async function renamePartner(
  env: Env,
  actor: Actor,
  partnerId: string,
  typed: string,
  around: Around<Partner> = plainly,
): Promise<Partner | Refusal> {
  const name = cleanName(typed);
  if (name === undefined) return refuse('invalid_request', { reason: 'name' });
  return actingTransaction(env, actor, around, async (tx) => {
    const before = await lockPartner(tx, partnerId);
    if (!before) return refuse('not_found', { reason: 'partner' });
    if (before.name !== name) {
      await setPartnerName(tx, before, name);
      await append(env, tx, actor, { action: 'partner.renamed', partner: partnerId, detail: {} });
    }
    return { ...before, name };
  });
}

/**
 * From now on nobody of this partner can sign in, and their sessions and sign-ins end; their links open nothing.
 * Nothing is deleted: after `restorePartner` they can sign in again, with the authenticators they had.
 *
 * @param typedReason for the log; staff must give one, programs need not
 */
export async function archivePartner(
  env: Env,
  actor: Actor,
  partnerId: string,
  around: Around<Partner> = plainly,
  typedReason?: string,
): Promise<Partner | Refusal> {
  const reason = typedReason === undefined ? undefined : staffReason(typedReason);
  if (typedReason !== undefined && reason === undefined) return refuse('invalid_request', { reason: 'reason_missing' });
  return actingTransaction(env, actor, around, async (tx) => {
    const before = await lockPartner(tx, partnerId);
    if (!before) return refuse('not_found', { reason: 'partner' });
    const now = env.now();
    if (!(await setArchived(tx, partnerId, now))) return before;
    const by = { ...whoActs(actor), partnerId };
    const sessions = await endSessions(tx, { partnerId });
    await endTrustedDevicesOfPartner(env, tx, by, 'archived');
    await deletePendingSignInsOfPartner(tx, partnerId);
    await append(env, tx, actor, { action: 'partner.archived', partner: partnerId, detail: { reason, sessions } });
    return { ...before, archivedAt: now };
  });
}

export async function restorePartner(
  env: Env,
  actor: Actor,
  partnerId: string,
  around: Around<Partner> = plainly,
): Promise<Partner | Refusal> {
  return actingTransaction(env, actor, around, async (tx) => {
    const before = await lockPartner(tx, partnerId);
    if (!before) return refuse('not_found', { reason: 'partner' });
    if (await setArchived(tx, partnerId, undefined)) {
      await append(env, tx, actor, { action: 'partner.restored', partner: partnerId, detail: {} });
    }
    return { ...before, archivedAt: undefined };
  });
}

/** Sets whether people of a partner need an access code, or only the password, to set up MFA again after a reset. */
export async function changeResets(
  env: Env,
  actor: Actor,
  partnerId: string,
  withoutCode: boolean,
  around: Around<Partner> = plainly,
): Promise<Partner | Refusal> {
  return actingTransaction(env, actor, around, async (tx) => {
    const before = await lockPartner(tx, partnerId);
    if (!before) return refuse('not_found', { reason: 'partner' });
    await setResetsWithoutCode(tx, partnerId, withoutCode);
    await append(env, tx, actor, { action: 'partner.resets_changed', partner: partnerId, detail: { withoutCode } });
    return before;
  });
}

function append(env: Env, tx: Queries, actor: Actor, event: AuditEvent): Promise<void> {
  return appendEvent(env, tx, { ...event, actor: actorId(actor) }, actorClient(actor));
}

export type PolicyChange = { readonly partner: Partner; readonly sessions: number; readonly signIns: number };

/**
 * Changes a partner's policy. `required` from now ends, in the same transaction, every session without a second factor
 * and every sign-in that could finish without one; with a date these sessions end by that date.
 */
export async function changeMfaPolicy(
  env: Env,
  actor: Actor,
  slug: string,
  choice: MfaChoice,
  around: Around<PolicyChange> = plainly,
): Promise<PolicyChange | Refusal> {
  return actingTransaction(env, actor, around, async (tx) => {
    const found = await findPartnerBySlug(tx, slug);
    const before = found && (await lockPartner(tx, found.id));
    if (!before) return refuse('not_found', { reason: 'partner' });
    return setPolicy(env, tx, { actor, before }, choice);
  });
}

/** The bulk job that changes a partner, and the reason that was given for it. */
export type PartOfBulk = { readonly bulkId: string; readonly reason: StaffReason };

/** A partner that the transaction has locked, and who changes it. */
export type LockedPartner = { readonly actor: Actor; readonly before: Partner; readonly bulk?: PartOfBulk | undefined };

/** The change itself, in the caller's transaction: one partner alone and many at once are changed by this. */
export async function setPolicy(
  env: Env,
  tx: Queries,
  { actor, before, bulk }: LockedPartner,
  choice: MfaChoice,
): Promise<PolicyChange> {
  const now = env.now();
  const { policy, requiredFrom } = inForce(choice, now);
  const mfa = { policy, requiredFrom };
  await setMfaPolicy(tx, before.id, mfa, now);
  const ended = await endWithoutSecondFactor(tx, before.id, mfa, now);
  const detail = { from: before.policy, to: policy, requiredFrom, ...ended, ...bulk };
  await append(env, tx, actor, { action: 'partner.mfa_policy_changed', partner: before.id, detail });
  await queueWebhooks(env, tx, { type: 'partner.mfa_policy_changed', partner: { ...before, ...mfa } });
  return { partner: { ...before, ...mfa }, ...ended };
}

async function endWithoutSecondFactor(
  tx: Queries,
  partnerId: string,
  mfa: MfaChoice,
  now: number,
): Promise<{ sessions: number; signIns: number }> {
  const { policy, requiredFrom } = mfa;
  if (policy !== 'required') return { sessions: 0, signIns: 0 };
  for (const { id, exemptUntil } of await listExempt(tx, partnerId, now)) {
    await capPasswordSessions(tx, { userId: id }, secondFactorFrom(mfa, exemptUntil) ?? now);
  }
  const asked = { partnerId, notExemptAt: now };
  if (requiredFrom !== undefined) {
    await capPasswordSessions(tx, asked, requiredFrom);
    return { sessions: 0, signIns: 0 };
  }
  await deleteOverOfPartner(tx, partnerId, { now, idleSince: now - sessionIdleSeconds('member') });
  const sessions = await endSessions(tx, asked, { passwordOnly: true });
  return { sessions, signIns: await deleteSkippablePendingSignIns(tx, partnerId) };
}
