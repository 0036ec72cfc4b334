import { staffReason } from '#core/audit/detail.ts';
import { type PartnerChange, planChange } from '#core/bulk/partner-change.ts';
import { reminderDaysFrom } from '#core/people/reminder-days.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import type { Actor } from '#flows/administration/actor.ts';
import { type LockedPartner, setPolicy } from '#flows/administration/partner-acts.ts';
import { setReminders } from '#flows/administration/partner-plan.ts';
import type { BulkItem, ItemChange } from '#store/bulk/items.ts';
import type { BulkJob } from '#store/bulk/jobs.ts';
import type { Queries } from '#store/engine/database.ts';
import { lockPartner } from '#store/partners/partners.ts';
import { findSchedule } from '#store/partners/reminding.ts';

/** Changes the partner of an item, in the transaction that has claimed the item. */
export async function changePartner(
  env: Env,
  tx: Queries,
  actor: Actor,
  { job, item }: { readonly job: BulkJob; readonly item: BulkItem },
): Promise<ItemChange | Refusal> {
  const before = await lockPartner(tx, item.subject ?? '');
  if (!before) return refuse('not_found', { reason: 'partner' });
  const settings = { ...before, reminders: reminderDaysFrom(await findSchedule(tx, before.id)) };
  const planned = planChange(changeOf(item), settings, env.now());
  if (planned.unchanged !== undefined) return { state: 'unchanged', note: planned.unchanged };
  const { from, to } = planned;
  const locked = { actor, before, bulk: partOf(job) };
  await ('policy' in to ? setPolicy(env, tx, locked, to) : setReminders(env, tx, locked, to.reminders));
  return { state: 'done', state_before: JSON.stringify(from), state_after: JSON.stringify(to) };
}

/** What an item says to do. */
export function changeOf({ todo }: Pick<BulkItem, 'todo'>): PartnerChange {
  // A cast boundary: this service wrote the column.
  return JSON.parse(todo) as PartnerChange;
}

function partOf({ id, reason }: BulkJob): LockedPartner['bulk'] {
  const typed = staffReason(reason ?? '');
  if (typed === undefined) throw new Error('a job was started without a reason');
  return { bulkId: id, reason: typed };
}
