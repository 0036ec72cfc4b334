import type { Queries } from '#store/engine/database.ts';
import type { OidcConsentTable } from '#store/oidc/tables.ts';

/** The scopes that a person has allowed a client, with spaces between. */
export async function findConsent(queries: Queries, userId: string, clientId: string): Promise<string | undefined> {
  const row = await queries
    .selectFrom('oidc_consents')
    .select('scope')
    .where('user_id', '=', userId)
    .where('client_id', '=', clientId)
    .executeTakeFirst();
  return row?.scope;
}

export async function saveConsent(tx: Queries, row: OidcConsentTable): Promise<void> {
  const { scope, created_at } = row;
  await tx
    .insertInto('oidc_consents')
    .values(row)
    .onConflict((both) => both.columns(['user_id', 'client_id']).doUpdateSet({ scope, created_at }))
    .execute();
}
