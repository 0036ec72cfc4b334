import { OPERATORS } from '#core/people/authority.ts';
import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import type { UserTable } from '#store/people/tables.ts';
import type { ApiKeyTable } from '#store/programs/tables.ts';

/** Why a key was revoked together with its maker's rights. */
export type KeyEnd = 'maker_disabled' | 'maker_deleted' | 'maker_demoted';

/** A key of the management API. The key itself is not stored, only its hash. */
export type ApiKey = {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | undefined;
  /** The reason, if the key was revoked because of its maker. */
  readonly revokedBecause: KeyEnd | undefined;
  /** Whether its maker is a person who may no longer make keys. Such a key gives no access, even if not revoked. */
  readonly isOrphaned: boolean;
  readonly lastUsedAt: number | undefined;
};

export async function createApiKey(tx: Queries, row: ApiKeyTable): Promise<void> {
  await tx.insertInto('api_keys').values(row).execute();
}

/** The key with this hash, live or not. The guard checks that. */
export async function findApiKeyByHash(queries: Queries, keyHash: string): Promise<ApiKey | undefined> {
  const row = await byHash.first(queries, { keyHash });
  return row && keyOf(row);
}

const byHash = statement((db: Queries, p: Param<{ keyHash: string }>) =>
  withMakers(db).where('k.key_hash', '=', p.keyHash),
);

export async function findApiKey(queries: Queries, id: string): Promise<ApiKey | undefined> {
  const row = await byId.first(queries, { id });
  return row && keyOf(row);
}

const byId = statement((db: Queries, p: Param<{ id: string }>) => withMakers(db).where('k.id', '=', p.id));

function withMakers(queries: Queries) {
  return queries
    .selectFrom('api_keys as k')
    .leftJoin('users as m', 'm.id', 'k.created_by')
    .selectAll('k')
    .select(['m.role as maker_role', 'm.disabled_at as maker_disabled_at', 'm.name as maker_name']);
}

/** A key with its maker's name; undefined for a key from the command line or of a deleted person. */
export type ListedApiKey = ApiKey & { readonly maker: string | undefined };

/** Every stored key, newest first. */
export async function listApiKeys(queries: Queries): Promise<readonly ListedApiKey[]> {
  const rows = await withMakers(queries).orderBy('k.id', 'desc').execute();
  return rows.map((row) => ({ ...keyOf(row), maker: row.maker_name ?? undefined }));
}

/** The live keys that a person made, by name. */
export async function listLiveKeysBy(queries: Queries, maker: string, now: number): Promise<readonly ApiKey[]> {
  const rows = await withMakers(queries)
    .where('k.created_by', '=', maker)
    .where('k.revoked_at', 'is', null)
    .where('k.expires_at', '>', now)
    .orderBy('k.name')
    .orderBy('k.id')
    .execute();
  return rows.map(keyOf);
}

/** Every key that a person has made. */
export async function listKeyIdsBy(queries: Queries, maker: string): Promise<readonly string[]> {
  const rows = await queries.selectFrom('api_keys').select('id').where('created_by', '=', maker).execute();
  return rows.map(({ id }) => id);
}

/** The names of keys by id, for lists that contain only ids. */
export async function listKeyNames(queries: Queries, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await queries.selectFrom('api_keys').select(['id', 'name']).where('id', 'in', ids).execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** Revokes a key permanently; false if it was already revoked. */
export async function revokeApiKey(tx: Queries, id: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('api_keys')
    .set({ revoked_at: now })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Permanently revokes every live key that a person made; returns those keys. */
export async function revokeKeysBy(
  tx: Queries,
  maker: string,
  end: { readonly now: number; readonly because: KeyEnd },
): Promise<readonly { readonly id: string; readonly name: string }[]> {
  return tx
    .updateTable('api_keys')
    .set({ revoked_at: end.now, revoked_because: end.because })
    .where('created_by', '=', maker)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', end.now)
    .returning(['id', 'name'])
    .execute();
}

/** Stores that a key was used, unless a use since `before` is stored. */
export async function touchApiKey(tx: Queries, id: string, { now, before }: { now: number; before: number }) {
  await tx
    .updateTable('api_keys')
    .set({ last_used_at: now })
    .where('id', '=', id)
    .where((row) => row.or([row('last_used_at', 'is', null), row('last_used_at', '<=', before)]))
    .execute();
}

type KeyRow = ApiKeyTable & { maker_role: UserTable['role'] | null; maker_disabled_at: number | null };

function keyOf(row: KeyRow): ApiKey {
  const isOfPerson = !OPERATORS.includes(row.created_by);
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes.split(' '),
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at ?? undefined,
    revokedBecause: row.revoked_because ?? undefined,
    isOrphaned: isOfPerson && (row.maker_role !== 'admin' || row.maker_disabled_at !== null),
    lastUsedAt: row.last_used_at ?? undefined,
  };
}
