import type { DeviceTable, Queries } from './database.ts';
import { type Param, statement } from './statement.ts';

/** The id of the device that this token makes known for this user, or undefined. */
export async function findKnownDevice(
  queries: Queries,
  tokenHash: string,
  userId: string,
  now: number,
): Promise<string | undefined> {
  const row = await findKnown.first(queries, { tokenHash, userId, now });
  return row?.id;
}

const findKnown = statement((db: Queries, p: Param<{ tokenHash: string; userId: string; now: number }>) =>
  db
    .selectFrom('devices')
    .select('id')
    .where('token_hash', '=', p.tokenHash)
    .where('user_id', '=', p.userId)
    .where('expires_at', '>', p.now),
);

/** Makes a device known for a user; the same browser may be known for several. An expired row of both begins anew. */
export async function createDevice(tx: Queries, device: DeviceTable): Promise<void> {
  await insertDevice.send(tx, device);
}

const insertDevice = statement((db: Queries, p: Param<DeviceTable>) =>
  db
    .insertInto('devices')
    .values({
      id: p.id,
      user_id: p.user_id,
      token_hash: p.token_hash,
      created_at: p.created_at,
      expires_at: p.expires_at,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['token_hash', 'user_id'])
        .doUpdateSet({ id: p.id, created_at: p.created_at, expires_at: p.expires_at }),
    ),
);

/** Forgets every device of a user; answers how many. */
export async function deleteDevices(tx: Queries, userId: string): Promise<number> {
  const { numDeletedRows } = await tx.deleteFrom('devices').where('user_id', '=', userId).executeTakeFirst();
  return Number(numDeletedRows);
}

/** Forgets every device of a user but one. */
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
