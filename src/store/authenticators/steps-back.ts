import { latestStep, stepBroughtBack } from '#core/authenticators/used-steps.ts';
import type { Queries } from '#store/engine/database.ts';

const STEPS_PER_TRANSACTION = 500;

/**
 * Corrects last used steps that lie in the future because the clock was ahead; returns how many. The caller repeats
 * this until it returns 0.
 *
 * Without the correction, a person who signed in during that time could not sign in again before that future time. The
 * list of used steps still refuses the codes that were used.
 */
export async function bringStepsBack(tx: Queries, now: number): Promise<number> {
  const rows = await tx
    .selectFrom('authenticators')
    .select(['id', 'last_used_step', 'used_steps'])
    .where('last_used_step', '>', latestStep(now))
    .limit(STEPS_PER_TRANSACTION)
    .execute();
  for (const { id, last_used_step, used_steps } of rows) {
    // The statement finds no row without a step.
    if (last_used_step === null) continue;
    await tx
      .updateTable('authenticators')
      .set({ last_used_step: stepBroughtBack(last_used_step, used_steps, now) })
      .where('id', '=', id)
      .where('last_used_step', '=', last_used_step)
      .execute();
  }
  return rows.length;
}
