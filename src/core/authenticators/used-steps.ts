import { CLOCK_TOLERANCE_SECONDS } from '#core/time/clock.ts';
import { stepAt } from './totp.ts';

/**
 * The steps whose codes were accepted last, newest first, each followed by a space, as one text.
 *
 * Normally `last_used_step` alone makes a code single-use. A clock that ran ahead leaves a future step there, which
 * would block the person until that time. If it were set back without this list, a used code would be valid again.
 */
export type UsedSteps = string;

/** The list keeps at most this many; `claimStep` cuts the text. */
const USED_STEPS_KEPT = 20;

/** The newest step for which a correct clock can have accepted a code by now; one step ahead is accepted. */
export function latestStep(now: number): number {
  return stepAt(now + CLOCK_TOLERANCE_SECONDS) + 1;
}

/**
 * The corrected last used step after a clock was found to be ahead: the newest step of the list that can have been used
 * by now.
 *
 * If the list cannot answer (restored backup, or a full list of only future steps), every step up to the next one
 * counts as used, and the person has to wait for a minute and a half.
 */
export function stepBroughtBack(lastUsedStep: number, usedSteps: UsedSteps, now: number): number {
  const used = usedSteps.split(' ').filter(Boolean).map(Number);
  const possible = used.filter((step) => step <= latestStep(now));
  const tells = used.includes(lastUsedStep) && (possible.length > 0 || used.length < USED_STEPS_KEPT);
  return tells ? Math.max(-1, ...possible) : stepAt(now) + 1;
}
