import type { Queries } from '#store/engine/database.ts';
import type { RingKeyTable } from '#store/operations/tables.ts';

/** The row of a key before its first use. */
export type NewRingKey = Pick<RingKeyTable, 'id' | 'fingerprint' | 'first_used_at'>;

export async function listRingKeys(queries: Queries): Promise<readonly RingKeyTable[]> {
  return queries.selectFrom('ring_keys').selectAll().orderBy('id').execute();
}

/** Records a key before it seals its first row; an existing row does not change. */
export async function noteRingKey(tx: Queries, key: NewRingKey): Promise<void> {
  await tx
    .insertInto('ring_keys')
    .values({ ...key, activated_at: null, retired_at: null })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

/** Deletes the row of a key that has sealed nothing. */
export async function forgetRingKey(tx: Queries, id: string): Promise<void> {
  await tx.deleteFrom('ring_keys').where('id', '=', id).where('activated_at', 'is', null).execute();
}

/** Records that a key seals from now on; false if it already did. */
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

/** Records that no row needs a key any more; false if that was already recorded, or the key does not exist. */
export async function retireRingKey(tx: Queries, id: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('ring_keys')
    .set({ retired_at: now })
    .where('id', '=', id)
    .where('retired_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}
