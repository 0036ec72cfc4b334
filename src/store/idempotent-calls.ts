import type { Queries } from './database.ts';
import type { IdempotentCallTable } from './management-tables.ts';

type CallName = Pick<IdempotentCallTable, 'api_key_id' | 'name_hash'>;

/**
 * Claims a name for a call, before anything is done: true for one of all who ask, at once or later.
 *
 * The others wait here until the first has committed (and are refused) or was rolled back (and the next one has it).
 * One that is over is as good as not there.
 */
export async function claimCall(tx: Queries, call: IdempotentCallTable, now: number): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('idempotent_calls')
    .values(call)
    .onConflict((conflict) =>
      conflict.columns(['api_key_id', 'name_hash']).doUpdateSet(call).where('idempotent_calls.expires_at', '<=', now),
    )
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** Keeps what the call answered, in the transaction that did it. */
export async function answerCallWith(tx: Queries, id: string, sealedAnswer: string): Promise<void> {
  await tx.updateTable('idempotent_calls').set({ sealed_answer: sealedAnswer }).where('id', '=', id).execute();
}

export async function findCall(
  queries: Queries,
  { api_key_id, name_hash }: CallName,
): Promise<IdempotentCallTable | undefined> {
  return queries
    .selectFrom('idempotent_calls')
    .selectAll()
    .where('api_key_id', '=', api_key_id)
    .where('name_hash', '=', name_hash)
    .executeTakeFirst();
}
