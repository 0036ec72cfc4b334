import type { Queries } from '#store/engine/database.ts';

/** Notes by how much a user's phone and this server differ; the newest note of a user counts. */
export async function noteClockOffset(tx: Queries, userId: string, offsetSeconds: number, now: number): Promise<void> {
  await tx
    .insertInto('clock_offsets')
    .values({ user_id: userId, offset_seconds: offsetSeconds, at: now })
    .onConflict((conflict) => conflict.column('user_id').doUpdateSet({ offset_seconds: offsetSeconds, at: now }))
    .execute();
}

/** How many users were found to differ by exactly this offset since then. */
export async function countClockOffsets(queries: Queries, offsetSeconds: number, since: number): Promise<number> {
  const row = await queries
    .selectFrom('clock_offsets')
    .select((expression) => expression.fn.countAll().as('users'))
    .where('offset_seconds', '=', offsetSeconds)
    .where('at', '>', since)
    .executeTakeFirst();
  return Number(row?.users ?? 0);
}
