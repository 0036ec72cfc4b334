import type { Queries } from '#store/engine/database.ts';

/** Stores the difference between a user's phone and this server; each new value replaces the user's last one. */
export async function noteClockOffset(tx: Queries, userId: string, offsetSeconds: number, now: number): Promise<void> {
  await tx
    .insertInto('clock_offsets')
    .values({ user_id: userId, offset_seconds: offsetSeconds, at: now })
    .onConflict((conflict) => conflict.column('user_id').doUpdateSet({ offset_seconds: offsetSeconds, at: now }))
    .execute();
}

/** The number of users for whom exactly this offset was measured after `since`. */
export async function countClockOffsets(queries: Queries, offsetSeconds: number, since: number): Promise<number> {
  const row = await queries
    .selectFrom('clock_offsets')
    .select((expression) => expression.fn.countAll().as('users'))
    .where('offset_seconds', '=', offsetSeconds)
    .where('at', '>', since)
    .executeTakeFirst();
  return Number(row?.users ?? 0);
}
