import type { Queries } from '#store/engine/database.ts';

/** A key that tokens are signed with. It is published from `created_at` on and signs from `activated_at` on. */
export type SigningKeyTable = {
  /** The thumbprint of its public half (RFC 7638): the `kid` of what it signs. */
  id: string;
  alg: 'ES256' | 'RS256';
  /** The private key as JWK, sealed. */
  sealed_jwk: string;
  created_at: number;
  activated_at: number;
  /** From when on it is neither published nor used. */
  retired_at: number | null;
};

export async function createSigningKey(tx: Queries, row: SigningKeyTable): Promise<void> {
  await tx.insertInto('signing_keys').values(row).execute();
}

/** Every key that is published, the one that was activated last first. */
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
