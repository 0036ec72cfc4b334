import type { IdempotencyKey } from '#core/values/idempotency.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Queries } from '#store/engine/database.ts';
import type { IdempotentCallTable } from '#store/programs/tables.ts';

type CallName = Pick<IdempotentCallTable, 'api_key_id' | 'name_hash'>;

/** The row of a call that is about to run. The answer is stored in the same transaction as the call's effect. */
export function callOf({ callerId, value, request, storedSeconds }: IdempotencyKey, id: string, now: number) {
  return {
    id,
    api_key_id: callerId,
    name_hash: tokenHash(value),
    request_hash: tokenHash(request),
    sealed_answer: '',
    expires_at: now + storedSeconds,
  };
}

/** Binds an answer to its row and its caller. */
export function answerBinding({ id, api_key_id }: Pick<IdempotentCallTable, 'id' | 'api_key_id'>) {
  return { table: 'idempotent_calls', rowId: id, userId: api_key_id };
}

/**
 * Reserves an idempotency key for a call: true for only one of all requests with that key, at the same time or later.
 *
 * The other requests wait here. If the first commits, they are refused; if it rolls back, the next one gets the key. An
 * expired call counts as absent.
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

/** Stores the answer of the call, in the transaction of the call itself. */
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
