import { sql } from 'kysely';
import type { Queries } from '#store/engine/database.ts';
import { openPostgres } from './open.ts';

/**
 * Runs `work` over one moment of a PostgreSQL database: everything it reads is as it was then, whatever is written
 * meanwhile, and nothing of it waits.
 */
export async function withSnapshot<T>(url: string, work: (queries: Queries) => Promise<T>): Promise<T> {
  const db = await openPostgres(url, { create: false, connections: 2 });
  try {
    return await db.transaction(async (tx) => {
      // Before the first read. It ends with the transaction, whatever pooler stands in between.
      await sql`set transaction isolation level repeatable read read only`.execute(tx);
      await sql`set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0`.execute(tx);
      return work(tx);
    });
  } finally {
    await db.close();
  }
}
