import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';

/** Reserves one of the `limit` tries; answers false when none is left or the pending sign-in is over. */
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

/** Gives a reserved try back: something else refused it before it was compared. */
export async function returnPendingTry(tx: Queries, id: string): Promise<void> {
  await tx
    .updateTable('pending_sign_ins')
    .set((expression) => ({ tries: expression('tries', '-', 1) }))
    .where('id', '=', id)
    .execute();
}
