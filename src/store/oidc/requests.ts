import type { Queries } from '#store/engine/database.ts';
import type { OidcRequestTable } from '#store/oidc/tables.ts';

/** An authorization request that waits for a person. */
export type AuthorizationRequest = {
  readonly idHash: string;
  readonly clientId: string;
  readonly params: Readonly<Record<string, string>>;
  readonly isChosen: boolean;
  /** The scopes that the person allowed on the consent page, and the session in which they did. */
  readonly consented: { readonly sessionId: string; readonly scope: string } | undefined;
  readonly createdAt: number;
};

export async function createRequest(
  tx: Queries,
  row: Pick<OidcRequestTable, 'id_hash' | 'browser' | 'client_id' | 'params' | 'created_at' | 'expires_at'>,
): Promise<void> {
  await tx
    .insertInto('oidc_requests')
    .values({ ...row, consented: null })
    .execute();
}

/** The unexpired request, only for the browser that sent it. */
export async function findRequest(
  queries: Queries,
  key: { readonly idHash: string; readonly browser: string; readonly now: number },
): Promise<AuthorizationRequest | undefined> {
  const row = await queries
    .selectFrom('oidc_requests')
    .selectAll()
    .where('id_hash', '=', key.idHash)
    .where('browser', '=', key.browser)
    .where('expires_at', '>', key.now)
    .executeTakeFirst();
  return row && requestOf(row);
}

/** The parameters of a request in whatever browser, to draw a page. */
export async function findRequestParams(
  queries: Queries,
  idHash: string,
): Promise<AuthorizationRequest['params'] | undefined> {
  const row = await queries.selectFrom('oidc_requests').selectAll().where('id_hash', '=', idHash).executeTakeFirst();
  return row && requestOf(row).params;
}

/** Uses the request; false if it was already answered. */
export async function claimRequest(tx: Queries, idHash: string): Promise<boolean> {
  const { numDeletedRows } = await tx.deleteFrom('oidc_requests').where('id_hash', '=', idHash).executeTakeFirst();
  return numDeletedRows === 1n;
}

export async function setRequest(
  tx: Queries,
  idHash: string,
  change: { readonly chosen: 1 } | { readonly consented: string },
): Promise<void> {
  await tx.updateTable('oidc_requests').set(change).where('id_hash', '=', idHash).execute();
}

function requestOf(row: Omit<OidcRequestTable, 'chosen'> & { readonly chosen: number }): AuthorizationRequest {
  const [sessionId, ...scope] = row.consented?.split(' ') ?? [];
  return {
    idHash: row.id_hash,
    clientId: row.client_id,
    // This service wrote the JSON: an object whose values are strings.
    params: JSON.parse(row.params) as Record<string, string>,
    isChosen: row.chosen === 1,
    consented: sessionId === undefined ? undefined : { sessionId, scope: scope.join(' ') },
    createdAt: row.created_at,
  };
}
