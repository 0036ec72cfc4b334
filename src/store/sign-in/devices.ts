import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import type { DeviceTable } from '#store/sign-in/tables.ts';

/** The id of this user's device that one of these tokens belongs to, or undefined. */
export async function findDeviceOf(
  queries: Queries,
  tokenHashes: readonly string[],
  userId: string,
  now: number,
): Promise<string | undefined> {
  const rows = await listLiveDevices(queries, tokenHashes, now);
  return rows.find((row) => row.user_id === userId)?.id;
}

/** The live devices of these tokens, and their users. */
export async function listLiveDevices(
  queries: Queries,
  tokenHashes: readonly string[],
  now: number,
): Promise<readonly Pick<DeviceTable, 'id' | 'user_id' | 'token_hash'>[]> {
  const [only, ...more] = tokenHashes;
  if (only === undefined) return [];
  if (more.length === 0) return findLive.all(queries, { tokenHash: only, now });
  const found = queries.selectFrom('devices').select(['id', 'user_id', 'token_hash']);
  return found.where('token_hash', 'in', tokenHashes).where('expires_at', '>', now).execute();
}

/** A separate statement, because nearly every browser belongs to one person. */
const findLive = statement((db: Queries, p: Param<{ tokenHash: string; now: number }>) =>
  db
    .selectFrom('devices')
    .select(['id', 'user_id', 'token_hash'])
    .where('token_hash', '=', p.tokenHash)
    .where('expires_at', '>', p.now),
);

/** Makes a device known for a user. Its token must be unique. */
export async function createDevice(tx: Queries, device: DeviceTable): Promise<void> {
  await insertDevice.send(tx, device);
}

const insertDevice = statement((db: Queries, p: Param<DeviceTable>) =>
  db.insertInto('devices').values({
    id: p.id,
    user_id: p.user_id,
    token_hash: p.token_hash,
    created_at: p.created_at,
    expires_at: p.expires_at,
    user_agent: p.user_agent,
    last_used_at: p.last_used_at,
  }),
);

type Use = { readonly id: string; readonly now: number; readonly userAgent: string | null };

/** Notes a sign-in on a known device. */
export async function noteDeviceUse(tx: Queries, use: Use): Promise<void> {
  await noteUse.send(tx, use);
}

const noteUse = statement((db: Queries, p: Param<Use>) =>
  db.updateTable('devices').set({ last_used_at: p.now, user_agent: p.userAgent }).where('id', '=', p.id),
);

/** A browser that is known for a person. */
export type KnownDeviceRow = {
  readonly id: string;
  readonly userAgent: string | undefined;
  readonly createdAt: number;
  /** Absent until the next sign-in on a device from before this was noted. */
  readonly lastUsedAt: number | undefined;
};

/** The live known devices of a person, the one used last first. */
export async function listKnownDevices(
  queries: Queries,
  userId: string,
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<readonly KnownDeviceRow[]> {
  const rows = await queries
    .selectFrom('devices')
    .select(['id', 'user_agent', 'created_at', 'last_used_at'])
    .where('user_id', '=', userId)
    .where('expires_at', '>', now)
    .orderBy((order) => order.fn.coalesce('last_used_at', 'created_at'), 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    userAgent: row.user_agent ?? undefined,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at ?? undefined,
  }));
}

/** How many live known devices a person has. */
export async function countKnownDevices(queries: Queries, userId: string, now: number): Promise<number> {
  const row = await queries
    .selectFrom('devices')
    .select((all) => all.fn.countAll<number | string>().as('count'))
    .where('user_id', '=', userId)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Forgets one known device of a person; true if there was one. */
export async function deleteDevice(tx: Queries, id: string, userId: string): Promise<boolean> {
  const deleted = await tx.deleteFrom('devices').where('id', '=', id).where('user_id', '=', userId).executeTakeFirst();
  return deleted.numDeletedRows === 1n;
}

/** Deletes every device of a user; returns how many. */
export async function deleteDevices(tx: Queries, userId: string): Promise<number> {
  const { numDeletedRows } = await tx.deleteFrom('devices').where('user_id', '=', userId).executeTakeFirst();
  return Number(numDeletedRows);
}

/** Deletes every device of a user except one. */
export async function deleteOtherDevices(tx: Queries, userId: string, keepId: string | undefined): Promise<void> {
  await tx
    .deleteFrom('devices')
    .where('user_id', '=', userId)
    .where('id', '!=', keepId ?? '')
    .execute();
}

export async function listDeviceIds(queries: Queries, userId: string): Promise<readonly string[]> {
  const rows = await queries.selectFrom('devices').select('id').where('user_id', '=', userId).execute();
  return rows.map((row) => row.id);
}
