import type { Queries, RingKeyTable } from './database.ts';

export async function listRingKeys(queries: Queries): Promise<readonly RingKeyTable[]> {
  return queries.selectFrom('ring_keys').selectAll().orderBy('id').execute();
}

/** Notes a key before it seals its first row; a note that is there already stays. */
export async function noteRingKey(tx: Queries, key: RingKeyTable): Promise<void> {
  await tx
    .insertInto('ring_keys')
    .values(key)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}
