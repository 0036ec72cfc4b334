import type { ExpressionBuilder } from 'kysely';
import type { Queries, Schema } from './database.ts';
import type { OutboxTable } from './mail-tables.ts';

/** Mail that may be tried now, the longest waiting first. */
export async function listDueMail(queries: Queries, now: number, limit: number): Promise<readonly OutboxTable[]> {
  return queries
    .selectFrom('outbox')
    .selectAll()
    .where(isWaiting)
    .where('next_try_at', '<=', now)
    .where('expires_at', '>', now)
    .orderBy('next_try_at')
    .orderBy('id')
    .limit(limit)
    .execute();
}

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

/** Whether a mail has waited since before that moment. */
export async function hasMailWaitingSince(queries: Queries, moment: number): Promise<boolean> {
  const row = await queries
    .selectFrom('outbox')
    .select('id')
    .where(isWaiting)
    .where('created_at', '<=', moment)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * Takes a mail for one delivery: true for one of all who ask, and until `untilAt` for nobody else.
 *
 * A process that dies with it in hand leaves it to whoever comes after that.
 */
export async function claimMail(
  tx: Queries,
  id: string,
  { now, untilAt }: { now: number; untilAt: number },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('outbox')
    .set((row) => ({ tries: row('tries', '+', 1), next_try_at: untilAt }))
    .where('id', '=', id)
    .where(isWaiting)
    .where('next_try_at', '<=', now)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** The server has taken it: what it said, with its link, is erased. */
export async function markMailSent(tx: Queries, id: string, now: number): Promise<void> {
  await tx
    .updateTable('outbox')
    .set({ sent_at: now, sealed_parameters: '', last_fault: null })
    .where('id', '=', id)
    .execute();
}

export async function putMailOff(
  tx: Queries,
  id: string,
  { fault, nextTryAt }: { fault: string; nextTryAt: number },
): Promise<void> {
  await tx.updateTable('outbox').set({ last_fault: fault, next_try_at: nextTryAt }).where('id', '=', id).execute();
}

/** The server is away: whatever would be tried before that moment waits for it. */
export async function putWaitingMailOff(tx: Queries, nextTryAt: number): Promise<void> {
  await tx
    .updateTable('outbox')
    .set({ next_try_at: nextTryAt })
    .where(isWaiting)
    .where('next_try_at', '<', nextTryAt)
    .execute();
}

/** Gives a mail up; what it said is erased. */
export async function markMailDead(
  tx: Queries,
  id: string,
  { now, fault }: { now: number; fault: string },
): Promise<void> {
  await tx
    .updateTable('outbox')
    .set({ dead_at: now, sealed_parameters: '', last_fault: fault })
    .where('id', '=', id)
    .execute();
}

export type DeadMail = Pick<OutboxTable, 'id' | 'kind' | 'tries' | 'last_fault'>;

/** Gives up what says nothing any more: a link that is over, old news. Answers what that was. */
export async function expireMail(tx: Queries, now: number): Promise<readonly DeadMail[]> {
  return tx
    .updateTable('outbox')
    .set({ dead_at: now, sealed_parameters: '' })
    .where(isWaiting)
    .where('expires_at', '<=', now)
    .returning(['id', 'kind', 'tries', 'last_fault'])
    .execute();
}

/** Forgets up to `limit` mails from before that moment; answers how many. */
export async function deleteOldMail(tx: Queries, before: number, limit: number): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('outbox')
    .where('id', 'in', (e) => e.selectFrom('outbox').select('id').where('created_at', '<', before).limit(limit))
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** Neither sent nor given up. */
function isWaiting(row: ExpressionBuilder<Schema, 'outbox'>) {
  return row.and([row('sent_at', 'is', null), row('dead_at', 'is', null)]);
}
