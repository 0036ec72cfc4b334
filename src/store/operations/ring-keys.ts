import type { Queries } from '#store/engine/database.ts';
import type { RingKeyTable } from '#store/operations/tables.ts';

/** A key as it is noted before its first use. */
export type NewRingKey = Pick<RingKeyTable, 'id' | 'fingerprint' | 'first_used_at'>;

export async function listRingKeys(queries: Queries): Promise<readonly RingKeyTable[]> {
  return queries.selectFrom('ring_keys').selectAll().orderBy('id').execute();
}

/** Notes a key before it seals its first row; a note that is there already stays. */
export async function noteRingKey(tx: Queries, key: NewRingKey): Promise<void> {
  await tx
    .insertInto('ring_keys')
    .values({ ...key, activated_at: null, retired_at: null })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

/** Takes back the note of a key that has sealed nothing. */
export async function forgetRingKey(tx: Queries, id: string): Promise<void> {
  await tx.deleteFrom('ring_keys').where('id', '=', id).where('activated_at', 'is', null).execute();
}

/** Notes that a key seals from now on. Answers false when it did already. */
export async function activateRingKey(tx: Queries, id: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('ring_keys')
    .set({ activated_at: now })
    .where('id', '=', id)
    .where('activated_at', 'is', null)
    .where('retired_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Notes that no row needs a key any more. Answers false when that was so already, or there is no such key. */
export async function retireRingKey(tx: Queries, id: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('ring_keys')
    .set({ retired_at: now })
    .where('id', '=', id)
    .where('retired_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}
