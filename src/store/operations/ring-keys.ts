import type { Queries } from '#store/engine/database.ts';

/** Every key that may have sealed or tagged a row: a ring without it, or with another key of that name, must not start. */
export type RingKeyTable = {
  id: string;
  /** A keyed tag of a fixed text: tells keys apart, tells nothing of them. */
  fingerprint: string;
  first_used_at: number;
  /** Since when it seals; null while every server only has to hold it. */
  activated_at: number | null;
  /** Since when no row needs it; the note stays, so that its name is never given to another key. */
  retired_at: number | null;
};

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
