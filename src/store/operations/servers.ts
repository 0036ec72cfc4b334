import type { Insertable } from 'kysely';
import type { Queries } from '#store/engine/database.ts';
import type { ServerTable } from '#store/operations/tables.ts';

export type RunningServer = {
  readonly name: string;
  readonly keyIds: readonly string[];
  readonly seenAt: number;
  readonly publicUrl: string;
};

/** A server without a report for this time counts as stopped. A server reports three times in this period. */
const SERVER_ALIVE_SECONDS = 30;

/** Reports that a server is running, and with which keys. */
export async function putServer(tx: Queries, server: Insertable<ServerTable>): Promise<void> {
  const { id, key_ids, seen_at } = server;
  const { numUpdatedRows } = await tx
    .updateTable('servers')
    .set({ key_ids, seen_at })
    .where('id', '=', id)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) await tx.insertInto('servers').values(server).execute();
}

export async function deleteServer(tx: Queries, id: string): Promise<void> {
  await tx.deleteFrom('servers').where('id', '=', id).execute();
}

/** The running servers. {@link deleteGoneServers} deletes the rows of others. */
export async function listServers(queries: Queries, now: number): Promise<readonly RunningServer[]> {
  const rows = await queries
    .selectFrom('servers')
    .selectAll()
    .where('seen_at', '>', now - SERVER_ALIVE_SECONDS)
    .orderBy('name')
    .execute();
  return rows.map(({ name, key_ids, seen_at, public_url: publicUrl }) => {
    return { name, keyIds: key_ids.split(','), seenAt: seen_at, publicUrl };
  });
}

/** Deletes the rows of servers that were killed. */
export async function deleteGoneServers(tx: Queries, now: number): Promise<void> {
  await tx
    .deleteFrom('servers')
    .where('seen_at', '<=', now - SERVER_ALIVE_SECONDS)
    .execute();
}
