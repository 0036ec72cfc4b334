import { latestStep, stepBroughtBack } from '#core/authenticators/used-steps.ts';
import type { Queries } from '#store/engine/database.ts';

const STEPS_PER_TRANSACTION = 500;

/**
 * Puts back what a clock that was ahead has left as the last used step; answers how many. Call it until that is none.
 *
 * Without it nobody who signed in by that clock is let in before it would be that time; the steps that were used stay
 * used by the list.
 */
export async function bringStepsBack(tx: Queries, now: number): Promise<number> {
  const rows = await tx
    .selectFrom('authenticators')
    .select(['id', 'last_used_step', 'used_steps'])
    .where('last_used_step', '>', latestStep(now))
    .limit(STEPS_PER_TRANSACTION)
    .execute();
  for (const { id, last_used_step, used_steps } of rows) {
    await tx
      .updateTable('authenticators')
      .set({ last_used_step: stepBroughtBack(last_used_step, used_steps, now) })
      .where('id', '=', id)
      .where('last_used_step', '=', last_used_step)
      .execute();
  }
  return rows.length;
}
