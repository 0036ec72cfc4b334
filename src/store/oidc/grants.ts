import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import type { OidcGrantTable } from '#store/oidc/tables.ts';
import { isOpen } from '#store/people/state.ts';
import { type Partner, partnerColumns, partnerOf, type User, userColumns, userOf } from '#store/people/users.ts';
import type { OidcConsentTable } from './tables.ts';

/** A grant with the person's current data, and its session if that still exists. */
export type Grant = {
  readonly id: string;
  readonly sid: string;
  readonly clientId: string;
  readonly payload: string;
  readonly amr: readonly string[];
  readonly authTime: number;
  readonly isOffline: boolean;
  readonly expiresAt: number;
  readonly session: { readonly lastSeenAt: number; readonly expiresAt: number } | undefined;
  readonly emailProven: boolean;
  readonly user: User;
  readonly partner: Partner | undefined;
};

export async function createGrant(tx: Queries, grant: OidcGrantTable): Promise<void> {
  await tx.insertInto('oidc_grants').values(grant).execute();
}

/** The grant, if its client is enabled and its person can sign in. The caller must check that it is live. */
export async function findGrant(queries: Queries, id: string): Promise<Grant | undefined> {
  const row = await findById.first(queries, { id });
  return row && grantOf(row);
}

/** The grant of the code or token with this hash, together with the stored record. */
export async function findRecordGrant(queries: Queries, idHash: string, kind: string) {
  return findByRecord.first(queries, { idHash, kind });
}

const findById = statement((db: Queries, p: Param<{ id: string }>) => openGrants(db).where('g.id', '=', p.id));

const findByRecord = statement((db: Queries, p: Param<{ idHash: string; kind: string }>) =>
  openGrants(db)
    .innerJoin('oidc_records as r', 'r.grant_id', 'g.id')
    .select([
      'r.payload as record_payload',
      'r.created_at as record_created_at',
      'r.expires_at as record_expires_at',
      'r.consumed_at',
      'r.successor',
    ])
    .where('r.id_hash', '=', p.idHash)
    .where('r.kind', '=', p.kind),
);

function openGrants(db: Queries) {
  return db
    .selectFrom('oidc_grants as g')
    .innerJoin('oidc_clients as c', 'c.id', 'g.client_id')
    .innerJoin('users as u', 'u.id', 'g.user_id')
    .leftJoin('partners as p', 'p.id', 'u.partner_id')
    .leftJoin('sessions as s', 's.id', 'g.session_id')
    .select([
      'g.id as grant_id',
      'g.sid',
      'g.session_id',
      'g.client_id',
      'g.payload',
      'g.amr',
      'g.auth_time',
      'g.offline',
    ])
    .select(['g.expires_at as grant_expires_at', 's.last_seen_at', 's.expires_at as session_expires_at'])
    .select(['u.email_proven', ...userColumns, ...partnerColumns])
    .where(isOpen)
    .where('c.disabled_at', 'is', null);
}

type GrantRow = NonNullable<Awaited<ReturnType<typeof findById.first>>>;

export function grantOf(row: GrantRow): Grant {
  return {
    id: row.grant_id,
    sid: row.sid,
    clientId: row.client_id,
    payload: row.payload,
    amr: row.amr.split(' '),
    authTime: row.auth_time,
    isOffline: row.offline === 1,
    expiresAt: row.grant_expires_at,
    session:
      row.last_seen_at === null || row.session_expires_at === null
        ? undefined
        : { lastSeenAt: row.last_seen_at, expiresAt: row.session_expires_at },
    emailProven: row.email_proven === 1,
    user: userOf(row),
    partner: partnerOf(row),
  };
}

/** The session of the grant with this `sid`. */
export async function findGrantOfSid(queries: Queries, sid: string): Promise<string | undefined> {
  const row = await queries.selectFrom('oidc_grants').select('session_id').where('sid', '=', sid).executeTakeFirst();
  return row?.session_id ?? undefined;
}

/** Deletes a grant with all its codes and tokens; returns whether it existed. */
export async function deleteGrant(tx: Queries, id: string): Promise<boolean> {
  const { numDeletedRows } = await tx.deleteFrom('oidc_grants').where('id', '=', id).executeTakeFirst();
  return numDeletedRows === 1n;
}

/** Detaches grants with `offline_access` from expired sessions before those are deleted, so that the grants remain. */
export async function detachGrants(tx: Queries, sessionIds: readonly string[]): Promise<void> {
  if (sessionIds.length === 0) return;
  await tx
    .updateTable('oidc_grants')
    .set({ session_id: null })
    .where('offline', '=', 1)
    .where('session_id', 'in', sessionIds)
    .execute();
}

/** The number of a client's grants that have not expired. */
export async function countClientGrants(queries: Queries, clientId: string, now: number): Promise<number> {
  const { count } = await queries
    .selectFrom('oidc_grants')
    .select((row) => row.fn.countAll<number | bigint | string>().as('count'))
    .where('client_id', '=', clientId)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Deletes every grant of a client with its codes and tokens; returns how many there were. */
export async function deleteClientGrants(tx: Queries, clientId: string): Promise<number> {
  const { numDeletedRows } = await tx.deleteFrom('oidc_grants').where('client_id', '=', clientId).executeTakeFirst();
  return Number(numDeletedRows);
}

/** The scopes that a person has allowed a client, separated by spaces. */
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
