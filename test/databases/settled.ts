import { setImmediate } from 'node:timers/promises';
import type { Database } from '#store/engine/database.ts';

/** Waits for writes that run beside an answer, such as the last use of a session. */
export async function settled(db: Database): Promise<void> {
  // SQLite writes in the order of requests. PostgreSQL writes on several connections.
  await db.transaction(async () => undefined);
  while (isBusy(db.pool?.())) await setImmediate();
}

function isBusy(pool: ReturnType<NonNullable<Database['pool']>> | undefined): boolean {
  return pool !== undefined && (pool.waiting > 0 || pool.idle < pool.total);
}
