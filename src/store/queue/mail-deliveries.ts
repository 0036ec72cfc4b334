import type { ExpressionBuilder } from 'kysely';
import type { Queries, Schema } from '#store/engine/database.ts';
import type { OutboxTable } from '#store/queue/tables.ts';
import { settleDelivery } from './delivery-queue.ts';

export async function hasExpiredMail(queries: Queries, now: number): Promise<boolean> {
  const row = await queries
    .selectFrom('outbox')
    .select('id')
    .where(isWaiting)
    .where('expires_at', '<=', now)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Whether a mail has waited since this time or longer. */
export async function hasMailWaitingSince(queries: Queries, moment: number): Promise<boolean> {
  const row = await queries
    .selectFrom('outbox')
    .select('id')
    .where(isWaiting)
    .where('created_at', '<=', moment)
    .where('not_before', '<=', moment)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** The fault of the mail that has been held longest and needs the operator's help; undefined if there is none. */
export async function findHeldMail(
  queries: Queries,
): Promise<Pick<OutboxTable, 'last_fault' | 'held_since'> | undefined> {
  const held = queries.selectFrom('outbox').select(['last_fault', 'held_since']).where(isWaiting);
  return held.where('held_since', 'is not', null).orderBy('held_since').limit(1).executeTakeFirst();
}

/** The number of stored mails that were given up. */
export async function countDeadMail(queries: Queries): Promise<number> {
  const dead = queries.selectFrom('outbox').select((all) => all.fn.countAll<number | string>().as('count'));
  return Number((await dead.where('dead_at', 'is not', null).executeTakeFirstOrThrow()).count);
}

/** Marks a mail as sent and erases its parameters, including any link. */
export function markMailSent(tx: Queries, id: string, now: number): Promise<void> {
  const sent = { sent_at: now, sealed_parameters: '', last_fault: null, held_since: null };
  return settleDelivery(tx, 'outbox', id, sent);
}

/** Postpones all waiting mail until `nextTryAt`, because the mail server cannot be reached. */
export async function putWaitingMailOff(tx: Queries, nextTryAt: number): Promise<void> {
  await tx
    .updateTable('outbox')
    .set({ next_try_at: nextTryAt })
    .where(isWaiting)
    .where('next_try_at', '<', nextTryAt)
    .execute();
}

/** Gives up a mail. Its link is erased. A mail without a link keeps its sealed text, so that it can be sent again. */
export async function markMailDead(
  tx: Queries,
  id: string,
  { now, fault, linkKinds }: { now: number; fault: string; linkKinds: readonly string[] },
): Promise<void> {
  await tx
    .updateTable('outbox')
    .set({ dead_at: now, sealed_parameters: withoutLinks(linkKinds), last_fault: fault, held_since: null })
    .where('id', '=', id)
    .execute();
}

export type DeadMail = Pick<OutboxTable, 'id' | 'kind' | 'tries' | 'last_fault'>;

/** Gives up mails that have expired: their link is no longer valid, or their news is old. Returns them. */
export async function expireMail(tx: Queries, now: number, linkKinds: readonly string[]): Promise<readonly DeadMail[]> {
  return tx
    .updateTable('outbox')
    .set({ dead_at: now, sealed_parameters: withoutLinks(linkKinds), held_since: null })
    .where(isWaiting)
    .where('expires_at', '<=', now)
    .returning(['id', 'kind', 'tries', 'last_fault'])
    .execute();
}

function withoutLinks(linkKinds: readonly string[]) {
  return (row: ExpressionBuilder<Schema, 'outbox'>) =>
    row.case().when('kind', 'in', linkKinds).then('').else(row.ref('sealed_parameters')).end();
}

/** Neither sent nor given up. */
function isWaiting(row: ExpressionBuilder<Schema, 'outbox'>) {
  return row.and([row('sent_at', 'is', null), row('dead_at', 'is', null)]);
}
