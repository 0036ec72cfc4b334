import { CLOCK_TOLERANCE_SECONDS, isImpossible } from './clock.ts';
import { DAY_SECONDS } from './spans.ts';

/** A jump ahead that lasts this long is a correction, or the end of a suspend, and no accident. */
export const BELIEVED_AFTER_SECONDS = 5 * 60;

/** After a longer pause, a start treats its clock as jumped ahead, because it may be corrected a moment later. */
const LONGEST_PAUSE_SECONDS = DAY_SECONDS;

/**
 * How far the wall clock can be trusted. `steady` counts seconds since the start of the process, and nobody can set it;
 * an offset is wall minus steady.
 */
export type ClockTrust = {
  /** The offset at the last reading. */
  readonly offset: number;
  /** Since when (steady) it has not jumped. */
  readonly since: number;
  /** The offset that has lasted long enough. */
  readonly believed: number;
};

type Reading = { readonly wall: number; readonly steady: number };

/** @param newestAt the newest instant that earlier runs left in the database */
export function firstTrust({ wall, steady }: Reading, newestAt: number | undefined): ClockTrust {
  const offset = wall - steady;
  const isLate = newestAt !== undefined && wall - newestAt > LONGEST_PAUSE_SECONDS;
  return { offset, since: steady, believed: isLate ? newestAt - steady : offset };
}

/** The trust after another reading, and how many seconds the clock has jumped since the last one; 0 if it has not. */
export function lookAgain(trust: ClockTrust, { wall, steady }: Reading): { trust: ClockTrust; jumpSeconds: number } {
  const offset = wall - steady;
  const difference = offset - trust.offset;
  const hasJumped = Math.abs(difference) > CLOCK_TOLERANCE_SECONDS;
  const since = hasJumped ? steady : trust.since;
  const believed = steady - since >= BELIEVED_AFTER_SECONDS ? offset : trust.believed;
  return { trust: { offset, since, believed }, jumpSeconds: hasJumped ? Math.round(difference) : 0 };
}

/**
 * The time for work that deletes, gives up or mails people about a date: the wall clock, unless it is ahead of the
 * trusted time. A clock that goes back, or returns from ahead, is trusted at once.
 */
export function trustedNow({ believed }: ClockTrust, { wall, steady }: Reading): number {
  const expected = Math.floor(steady + believed);
  return isImpossible(wall, expected) ? expected : wall;
}
