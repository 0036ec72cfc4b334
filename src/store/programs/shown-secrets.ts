import type { Queries } from '#store/engine/database.ts';
import type { ShownSecretTable } from '#store/programs/tables.ts';

export async function createShownSecret(tx: Queries, secret: ShownSecretTable): Promise<void> {
  await tx.insertInto('shown_secrets').values(secret).execute();
}

/** A secret of this person that may still be shown. */
export async function findShownSecret(
  queries: Queries,
  id: string,
  userId: string,
  now: number,
): Promise<ShownSecretTable | undefined> {
  return queries
    .selectFrom('shown_secrets')
    .selectAll()
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .where('expires_at', '>', now)
    .executeTakeFirst();
}

/** Deletes the row after the person has chosen Done (`secure_delete` overwrites it). */
export async function deleteShownSecret(tx: Queries, id: string, userId: string): Promise<void> {
  await tx.deleteFrom('shown_secrets').where('id', '=', id).where('user_id', '=', userId).execute();
}
