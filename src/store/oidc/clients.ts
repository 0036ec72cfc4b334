import type { ClientSettings } from '#core/portals/client-settings.ts';
import { LAST_SEEN_EVERY_SECONDS } from '#core/sessions/session.ts';
import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import type { OidcClientTable } from '#store/oidc/tables.ts';
import type { Page } from '#store/partners/management-lists.ts';

/** A program that people sign in to by OpenID Connect. Only the hash of its secret is stored. */
export type OidcClient = ClientSettings & {
  readonly id: string;
  /** SHA-256 of the secret; absent for a browser client and for a client with keys. */
  readonly secretHash: string | undefined;
  /** The partners whose people may use it. Empty: the people of every partner, and staff. */
  readonly partners: readonly ClientPartner[];
  readonly createdAt: number;
  readonly createdBy: string;
  /** Since this time nobody can sign in to it, and it gets no tokens. */
  readonly disabledAt: number | undefined;
  readonly lastUsedAt: number | undefined;
};

export type ClientPartner = { readonly id: string; readonly slug: string; readonly name: string };

/** A new client, before it has a row. */
export type NewOidcClient = Omit<OidcClient, 'disabledAt' | 'lastUsedAt'>;

export async function createClient(tx: Queries, client: NewOidcClient): Promise<void> {
  await tx
    .insertInto('oidc_clients')
    .values({
      id: client.id,
      name: client.name,
      type: client.type,
      redirect_uris: JSON.stringify(client.redirectUris),
      post_logout_redirect_uris: JSON.stringify(client.postLogoutRedirectUris),
      backchannel_logout_uri: client.backchannelLogoutUri ?? null,
      backchannel_internal: client.isBackchannelInternal ? 1 : 0,
      third_party: client.isThirdParty ? 1 : 0,
      secret_hash: client.secretHash ?? null,
      jwks: client.jwks === undefined ? null : JSON.stringify(client.jwks),
      id_token_alg: client.idTokenAlg,
      created_at: client.createdAt,
      created_by: client.createdBy,
      disabled_at: null,
      last_used_at: null,
    })
    .execute();
  if (client.partners.length === 0) return;
  const partners = client.partners.map(({ id }) => ({
    id: `${client.id}:${id}`,
    client_id: client.id,
    partner_id: id,
  }));
  await tx.insertInto('oidc_client_partners').values(partners).execute();
}

/** The client with its partners, in one statement. A disabled client is found too. */
export async function findClient(queries: Queries, id: string): Promise<OidcClient | undefined> {
  return clientsFrom(await byId.all(queries, { id }))[0];
}

const byId = statement((db: Queries, p: Param<{ id: string }>) => withPartners(db).where('c.id', '=', p.id));

/** Every client, in the order of creation. */
export async function listClients(queries: Queries): Promise<readonly OidcClient[]> {
  return clientsFrom(await withPartners(queries).execute());
}

/** One page of all clients, in the same order. */
export async function listClientsAfter(queries: Queries, { afterId, limit }: Page): Promise<readonly OidcClient[]> {
  const ids = queries.selectFrom('oidc_clients').select('id').where('id', '>', afterId).orderBy('id').limit(limit);
  return clientsFrom(await withPartners(queries).where('c.id', 'in', ids).execute());
}

/** Replaces the secret of a client; false if there is no such client, or it has no secret. */
export async function setClientSecret(tx: Queries, id: string, secretHash: string): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('oidc_clients')
    .set({ secret_hash: secretHash })
    .where('id', '=', id)
    .where('secret_hash', 'is not', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Disables a client, or enables it if `disabledAt` is undefined. False if nothing changed. */
export async function setClientDisabled(tx: Queries, id: string, disabledAt: number | undefined): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('oidc_clients')
    .set({ disabled_at: disabledAt ?? null })
    .where('id', '=', id)
    .where('disabled_at', disabledAt === undefined ? 'is not' : 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Whether a use at `now` is worth storing: at most one per minute is stored. */
export function isUseNews({ lastUsedAt }: Pick<OidcClient, 'lastUsedAt'>, now: number): boolean {
  return lastUsedAt === undefined || lastUsedAt <= now - LAST_SEEN_EVERY_SECONDS;
}

/** Stores that a client was used, at most once a minute. */
export async function noteClientUse(tx: Queries, id: string, now: number): Promise<void> {
  await tx
    .updateTable('oidc_clients')
    .set({ last_used_at: now })
    .where('id', '=', id)
    .where((row) => row.or([row('last_used_at', 'is', null), row('last_used_at', '<=', now - LAST_SEEN_EVERY_SECONDS)]))
    .execute();
}

function withPartners(queries: Queries) {
  return queries
    .selectFrom('oidc_clients as c')
    .leftJoin('oidc_client_partners as l', 'l.client_id', 'c.id')
    .leftJoin('partners as p', 'p.id', 'l.partner_id')
    .selectAll('c')
    .select(['p.id as partner_id', 'p.slug as partner_slug', 'p.name as partner_name'])
    .orderBy('c.id')
    .orderBy('p.slug');
}

type Row = OidcClientTable & {
  readonly partner_id: string | null;
  readonly partner_slug: string | null;
  readonly partner_name: string | null;
};

/** Combines the rows of each client into one client. */
function clientsFrom(rows: readonly Row[]): readonly OidcClient[] {
  const byId = Map.groupBy(rows, ({ id }) => id);
  return [...byId.values()].flatMap((rows) => {
    const [first] = rows;
    return first ? [clientFrom(first, rows.flatMap(partnerOf))] : [];
  });
}

function partnerOf({ partner_id: id, partner_slug: slug, partner_name: name }: Row): readonly ClientPartner[] {
  return id === null || slug === null || name === null ? [] : [{ id, slug, name }];
}

function clientFrom(row: OidcClientTable, partners: readonly ClientPartner[]): OidcClient {
  return {
    id: row.id,
    name: row.name,
    type: row.type,
    // `createClient` wrote this JSON.
    redirectUris: JSON.parse(row.redirect_uris),
    postLogoutRedirectUris: JSON.parse(row.post_logout_redirect_uris),
    backchannelLogoutUri: row.backchannel_logout_uri ?? undefined,
    isBackchannelInternal: row.backchannel_internal === 1,
    isThirdParty: row.third_party === 1,
    secretHash: row.secret_hash ?? undefined,
    jwks: row.jwks === null ? undefined : JSON.parse(row.jwks),
    idTokenAlg: row.id_token_alg,
    partners,
    createdAt: row.created_at,
    createdBy: row.created_by,
    disabledAt: row.disabled_at ?? undefined,
    lastUsedAt: row.last_used_at ?? undefined,
  };
}
