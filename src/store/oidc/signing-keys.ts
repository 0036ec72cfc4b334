import type { Queries } from '#store/engine/database.ts';
import type { SigningKeyTable } from '#store/oidc/tables.ts';

export async function createSigningKey(tx: Queries, row: SigningKeyTable): Promise<void> {
  await tx.insertInto('signing_keys').values(row).execute();
}

/** Every published key; the most recently activated key is first. */
export async function listSigningKeys(queries: Queries): Promise<readonly SigningKeyTable[]> {
  return queries
    .selectFrom('signing_keys')
    .selectAll()
    .where('retired_at', 'is', null)
    .orderBy('activated_at', 'desc')
    .orderBy('id')
    .execute();
}

export async function retireSigningKey(tx: Queries, id: string, now: number): Promise<void> {
  await tx.updateTable('signing_keys').set({ retired_at: now }).where('id', '=', id).execute();
}
