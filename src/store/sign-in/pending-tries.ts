import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';

/** Reserves one of the `limit` tries; false if no try is left, or the sign-in is finished or expired. */
export async function reservePendingTry(tx: Queries, id: string, limit: number, now: number): Promise<boolean> {
  return (await reserveTry.run(tx, { id, limit, now })) === 1;
}

const reserveTry = statement((db: Queries, p: Param<{ id: string; limit: number; now: number }>) =>
  db
    .updateTable('pending_sign_ins')
    .set((expression) => ({ tries: expression('tries', '+', 1) }))
    .where('id', '=', p.id)
    .where('tries', '<', p.limit)
    .where('completed_at', 'is', null)
    .where('expires_at', '>', p.now),
);

/** Returns a reserved try, because another check refused it before the comparison. */
export async function returnPendingTry(tx: Queries, id: string): Promise<void> {
  await tx
    .updateTable('pending_sign_ins')
    .set((expression) => ({ tries: expression('tries', '-', 1) }))
    .where('id', '=', id)
    .execute();
}
