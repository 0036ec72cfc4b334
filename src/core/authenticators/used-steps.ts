import { CLOCK_TOLERANCE_SECONDS } from '#core/time/clock.ts';
import { stepAt } from './totp.ts';

/**
 * The steps whose codes were accepted last, newest first, each with a space behind it, as one text.
 *
 * `last_used_step` alone keeps the "once" while time goes forward. A clock that was ahead leaves a step there that would
 * shut its owner out until it comes; put back without this list, the code of a step that was used would be good again.
 */
export type UsedSteps = string;

/** How many are kept at most: `claimStep` cuts the text. */
const USED_STEPS_KEPT = 20;

/** The newest step that a right clock can have accepted a code for by now: one ahead is accepted. */
export function latestStep(now: number): number {
  return stepAt(now + CLOCK_TOLERANCE_SECONDS) + 1;
}

/**
 * What the last used step is put back to, once the clock that it came from was found to be ahead: the newest step of the
 * list that can have been used by now.
 *
 * Where the list does not tell (a restored backup; nothing but steps from ahead in a list that is full) every step up to
 * the next one counts as used, and a person with one of their codes waits for a minute and a half.
 */
export function stepBroughtBack(lastUsedStep: number, usedSteps: UsedSteps, now: number): number {
  const used = usedSteps.split(' ').filter(Boolean).map(Number);
  const possible = used.filter((step) => step <= latestStep(now));
  const tells = used.includes(lastUsedStep) && (possible.length > 0 || used.length < USED_STEPS_KEPT);
  return tells ? Math.max(-1, ...possible) : stepAt(now) + 1;
}
