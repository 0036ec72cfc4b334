import { setImmediate } from 'node:timers/promises';
import type { Database } from '#store/engine/database.ts';

/** Until what was begun beside an answer, such as noting the last use of a session, is in the database. */
export async function settled(db: Database): Promise<void> {
  // SQLite writes one after the other, in the order of asking; PostgreSQL on as many connections as there are.
  await db.transaction(async () => undefined);
  while (isBusy(db.pool?.())) await setImmediate();
}

function isBusy(pool: ReturnType<NonNullable<Database['pool']>> | undefined): boolean {
  return pool !== undefined && (pool.waiting > 0 || pool.idle < pool.total);
}
