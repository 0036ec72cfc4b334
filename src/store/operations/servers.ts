import type { Insertable } from 'kysely';
import type { Queries } from '#store/engine/database.ts';
import type { ServerTable } from '#store/operations/tables.ts';

export type RunningServer = {
  readonly name: string;
  readonly keyIds: readonly string[];
  readonly seenAt: number;
  readonly publicUrl: string;
};

/** A server that said nothing for so long is gone: it says that it is there three times within it. */
const SERVER_ALIVE_SECONDS = 30;

/** Says that a server is there, and with which keys. */
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

/** The servers that are alive; the traces of others are swept by {@link deleteGoneServers}. */
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

/** Sweeps the traces of servers that were killed. */
export async function deleteGoneServers(tx: Queries, now: number): Promise<void> {
  await tx
    .deleteFrom('servers')
    .where('seen_at', '<=', now - SERVER_ALIVE_SECONDS)
    .execute();
}
