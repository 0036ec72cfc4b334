import type { Selectable } from 'kysely';
import type { Queries } from './database.ts';
import type { ApiKeyTable } from './management-tables.ts';
import { type Param, statement } from './statement.ts';

/** A key of the management API, as far as it can be known: what was handed out is stored nowhere. */
export type ApiKey = {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | undefined;
  readonly lastUsedAt: number | undefined;
};

export async function createApiKey(tx: Queries, row: ApiKeyTable): Promise<void> {
  await tx.insertInto('api_keys').values(row).execute();
}

/** The key with this hash, over or not: its guard decides. */
export async function findApiKeyByHash(queries: Queries, keyHash: string): Promise<ApiKey | undefined> {
  const row = await byHash.first(queries, { keyHash });
  return row && keyOf(row);
}

const byHash = statement((db: Queries, p: Param<{ keyHash: string }>) =>
  db.selectFrom('api_keys').selectAll().where('key_hash', '=', p.keyHash),
);

export async function findApiKey(queries: Queries, id: string): Promise<ApiKey | undefined> {
  const row = await queries.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst();
  return row && keyOf(row);
}

/** Every key there ever was, the newest first. */
export async function listApiKeys(queries: Queries): Promise<readonly ApiKey[]> {
  return (await queries.selectFrom('api_keys').selectAll().orderBy('id', 'desc').execute()).map(keyOf);
}

/** The names of keys, by id: for lists that hold ids alone. */
export async function listKeyNames(queries: Queries, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await queries.selectFrom('api_keys').select(['id', 'name']).where('id', 'in', ids).execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** Ends a key for good. Answers false when it had been already. */
export async function revokeApiKey(tx: Queries, id: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('api_keys')
    .set({ revoked_at: now })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Notes that a key was used, unless that was noted since `before`. */
export async function touchApiKey(tx: Queries, id: string, { now, before }: { now: number; before: number }) {
  await tx
    .updateTable('api_keys')
    .set({ last_used_at: now })
    .where('id', '=', id)
    .where((row) => row.or([row('last_used_at', 'is', null), row('last_used_at', '<=', before)]))
    .execute();
}

function keyOf(row: Selectable<ApiKeyTable>): ApiKey {
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes.split(' '),
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at ?? undefined,
    lastUsedAt: row.last_used_at ?? undefined,
  };
}
