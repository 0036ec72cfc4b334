import type { AuditEvent } from '#core/audit/actions.ts';
import { cleanNotes } from '#core/people/name.ts';
import { isStaff } from '#core/people/policy.ts';
import { parseReminderDays, type ReminderDays, storedReminderDays } from '#core/people/reminder-days.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { actingTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import type { Queries } from '#store/engine/database.ts';
import { findNotes, lockPartner, setNotes } from '#store/partners/partners.ts';
import { askReminding, type Selection, setSchedule } from '#store/partners/reminding.ts';
import { findPerson } from '#store/people/users.ts';
import { type Actor, actorClient, actorId } from './actor.ts';
import type { LockedPartner } from './partner-acts.ts';

/** A partner that was reminded is left out for a day, no matter who reminded it. */
export const REMINDER_PAUSE_SECONDS = DAY_SECONDS;

/**
 * Asks to remind everybody without MFA at these partners. A job sends the mails, because a large portal has thousands
 * and a request must not wait for them. `partners`: how many it will remind; others were reminded within the pause.
 */
export async function remindPartners(
  env: Env,
  actor: Actor,
  selection: Selection,
  around: Around<{ readonly partners: number }> = plainly,
): Promise<{ readonly partners: number } | Refusal> {
  return actingTransaction(env, actor, around, async (tx) => {
    const now = env.now();
    const pause = { now, remindedBefore: now - REMINDER_PAUSE_SECONDS };
    const partners = await askReminding(tx, selection, { ...pause, by: actorId(actor) });
    if (partners === 0) return refuse('forbidden', { reason: 'nobody_to_remind' });
    const event = { action: 'partners.reminder_requested', actor: actorId(actor), detail: { partners } } as const;
    await appendEvent(env, tx, event, actorClient(actor));
    return { partners };
  });
}

/** Sets on how many days before the date people of a partner are reminded. @param typed as `14, 7, 1`; empty: never */
export async function changeReminders(
  env: Env,
  actor: Actor,
  partnerId: string,
  typed: string,
  around: Around<true> = plainly,
): Promise<true | Refusal> {
  const days = parseReminderDays(typed);
  if (days === undefined) return refuse('invalid_request', { reason: 'reminder_days' });
  return actingTransaction(env, actor, around, async (tx) => {
    const before = await lockPartner(tx, partnerId);
    if (!before) return refuse('not_found', { reason: 'partner' });
    await setReminders(env, tx, { actor, before }, days);
    return true;
  });
}

/** The change itself, in the caller's transaction: one partner alone and many at once are changed by this. */
export async function setReminders(
  env: Env,
  tx: Queries,
  { actor, before, bulk }: LockedPartner,
  days: ReminderDays,
): Promise<void> {
  await setSchedule(tx, before.id, storedReminderDays(days));
  const detail = { days, ...bulk };
  const event = { action: 'partner.reminders_changed', actor: actorId(actor), partner: before.id, detail } as const;
  await appendEvent(env, tx, event, actorClient(actor));
}

type Notes = { readonly owner: string | undefined; readonly notes: string };

/** Says who of the staff looks after a partner, and keeps a text for colleagues. */
export async function changeNotes(
  env: Env,
  actor: Actor,
  partner: string,
  { owner, notes: typed }: Notes,
  around: Around<true> = plainly,
): Promise<true | Refusal> {
  const notes = cleanNotes(typed);
  return actingTransaction(env, actor, around, async (tx) => {
    if (!(await lockPartner(tx, partner))) return refuse('not_found', { reason: 'partner' });
    const colleague = owner === undefined ? undefined : await findPerson(tx, owner);
    const isOwnerWrong = owner !== undefined && !(colleague && isStaff(colleague.user.role));
    if (notes === undefined) {
      return refuse('invalid_request', isOwnerWrong ? { reason: 'owner', also: ['notes'] } : { reason: 'notes' });
    }
    if (isOwnerWrong) return refuse('invalid_request', { reason: 'owner' });
    const note = (event: AuditEvent) => appendEvent(env, tx, { ...event, actor: actorId(actor) }, actorClient(actor));
    const before = await findNotes(tx, partner);
    await setNotes(tx, partner, { owner, notes });
    if (before.owner !== owner) await note({ action: 'partner.owner_changed', partner, detail: { owner } });
    if (before.notes !== notes) await note({ action: 'partner.notes_changed', partner, detail: {} });
    return true;
  });
}
