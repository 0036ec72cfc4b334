import { DAY_SECONDS } from '#core/time/spans.ts';
import type { Env } from '#env.ts';
import { type Day, type Deadline, mostDue, readDays } from '#features/console/adoption/adoption.ts';
import { readWaitingResets } from '#features/console/resets/resets.ts';
import {
  countEndingExemptions,
  listRollOut,
  listRollOutGroups,
  type RollOutGroup,
  type RollOutPage,
  type RollOutRow,
} from '#store/partners/roll-out.ts';
import { filterOf, mondayOf, type RollOutQuery, SOON_SECONDS } from './query.ts';

export type ListedRollOut = RollOutRow;

const ROWS_PER_PAGE = 25;
const WEEKS_AHEAD = 6;
const WEEK_SECONDS = 7 * DAY_SECONDS;
const SPAN_DAYS = 90;
const TREND_DAYS = 30;
/** The next of these shares that is not reached yet is the goal of the forecast. */
const GOALS = [0.5, 0.75, 0.9, 0.95, 0.99, 1];
/** A forecast further ahead would be a guess. */
const FORECAST_DAYS_MOST = 730;

type Sums = Pick<RollOutGroup, 'partners' | 'people' | 'enrolled' | 'missing'>;

/** A week ahead, or everything after the last one. `until` is its last day. */
export type Week = Sums & { readonly from: number; readonly until: number | undefined };

export type Forecast = { readonly goal: number; readonly at: number };

export type RollOut = {
  readonly query: RollOutQuery;
  readonly people: number;
  readonly enrolled: number;
  readonly partners: number;
  /** Percentage points since 30 days ago; absent without a record of that day. */
  readonly points: number | undefined;
  readonly forecast: Forecast | undefined;
  readonly days: readonly Day[];
  /** The days of the last 90 on which most partners became required, the one with most first. */
  readonly deadlines: readonly Deadline[];
  /** `oldest` is the earliest date among them. */
  readonly overdue: Sums & { readonly oldest: number | undefined };
  readonly soon: Sums;
  readonly undated: Sums;
  /** Resets that wait for a second member of staff, and those the reader may approve; absent if none is needed. */
  readonly resets: { readonly waiting: number; readonly yours: number } | undefined;
  /** People whose exemption ends in the next 14 days. */
  readonly ending: number;
  readonly weeks: readonly Week[];
  readonly list: RollOutPage;
  readonly pages: number;
};

/** The first page of the console. It reads stored counts of partners, never their people. */
export async function readRollOut(env: Env, query: RollOutQuery, ownId: string): Promise<RollOut> {
  const { read } = env.db;
  const now = env.now();
  const groups = await listRollOutGroups(read, now);
  const { partners, people, enrolled } = sumOf(groups);
  const days = await readDays(env, SPAN_DAYS, { people, enrolled });
  const list = await readRollOutList(env, query, ownId);
  return {
    ...{ query, people, enrolled, partners, days, list },
    ...trendOf(days, now),
    ...sumsOf(groups, now),
    resets: env.settings.values().resetSecondApprover ? await countResets(env, ownId) : undefined,
    ending: await countEndingExemptions(read, { now, until: now + SOON_SECONDS }),
    pages: Math.max(1, Math.ceil(list.partners / ROWS_PER_PAGE)),
  };
}

/** What the groups of partners add up to. */
function sumsOf(
  groups: readonly RollOutGroup[],
  now: number,
): Pick<RollOut, 'overdue' | 'soon' | 'undated' | 'weeks' | 'deadlines'> {
  const required = groups.filter(({ policy }) => policy === 'required');
  const overdue = required.filter(({ requiredFrom = 0, isMissing }) => isMissing && requiredFrom <= now);
  const dates = datesOf(required);
  const ahead = dates.filter(({ requiredFrom }) => requiredFrom > now);
  const past = dates.filter(({ requiredFrom }) => requiredFrom > now - SPAN_DAYS * DAY_SECONDS && requiredFrom <= now);
  return {
    overdue: { ...sumOf(overdue), oldest: overdue.map(({ oldest }) => oldest).toSorted((a, b) => a - b)[0] },
    soon: sumOf(ahead.filter(({ requiredFrom }) => requiredFrom <= now + SOON_SECONDS)),
    undated: sumOf(groups.filter(({ policy }) => policy !== 'required')),
    weeks: weeksOf(ahead, now),
    deadlines: mostDue(past),
  };
}

/** A day on which MFA becomes required for partners, and their people. */
type DueDay = Sums & { readonly requiredFrom: number };

/** Soonest first. */
function datesOf(required: readonly RollOutGroup[]): readonly DueDay[] {
  const byDate = Map.groupBy(required, ({ requiredFrom }) => requiredFrom);
  return [...byDate]
    .flatMap(([requiredFrom, groups]) => (requiredFrom === undefined ? [] : [{ requiredFrom, ...sumOf(groups) }]))
    .toSorted((one, other) => one.requiredFrom - other.requiredFrom);
}

async function countResets(env: Env, ownId: string) {
  const resets = await readWaitingResets(env, ownId);
  return { waiting: resets.length, yours: resets.filter(({ mayApprove }) => mayApprove).length };
}

function readRollOutList(env: Env, query: RollOutQuery, ownId: string, limit = ROWS_PER_PAGE) {
  const { sort, isTurned, page } = query;
  const now = env.now();
  const wanted = { now, sort, isTurned, limit, offset: (page - 1) * ROWS_PER_PAGE };
  return listRollOut(env.db.read, filterOf(query, now, ownId), wanted);
}

/** Every row of a list, for a file. */
export async function readWholeList(env: Env, query: RollOutQuery, ownId: string): Promise<readonly ListedRollOut[]> {
  const { rows } = await readRollOutList(env, { ...query, page: 1 }, ownId, Number.MAX_SAFE_INTEGER);
  return rows;
}

/** The change of the last 30 days, and when the next goal is reached if it goes on like this. */
export function trendOf(days: readonly Day[], now: number): Pick<RollOut, 'points' | 'forecast'> {
  const last = days.at(-1);
  const first = days.findLast(({ day }) => day <= now - TREND_DAYS * DAY_SECONDS);
  if (!last || !first || last.people === 0 || first.people === 0) return { points: undefined, forecast: undefined };
  const share = last.enrolled / last.people;
  const gained = share - first.enrolled / first.people;
  const points = gained * 100;
  const goal = GOALS.find((one) => one > share);
  if (goal === undefined || gained <= 0) return { points, forecast: undefined };
  const daysAhead = ((goal - share) / gained) * ((last.day - first.day) / DAY_SECONDS);
  if (daysAhead > FORECAST_DAYS_MOST) return { points, forecast: undefined };
  return { points, forecast: { goal, at: now + Math.ceil(daysAhead) * DAY_SECONDS } };
}

function sumOf(dates: readonly Sums[]): Sums {
  const sum = (name: keyof Sums) => dates.reduce((all, one) => all + one[name], 0);
  return { partners: sum('partners'), people: sum('people'), enrolled: sum('enrolled'), missing: sum('missing') };
}

/** The calendar weeks from this one on, and what is due after them. */
function weeksOf(ahead: readonly DueDay[], now: number): readonly Week[] {
  const monday = mondayOf(now);
  const between = (from: number, until: number) =>
    sumOf(ahead.filter(({ requiredFrom }) => requiredFrom >= from && requiredFrom < until));
  const weeks = Array.from({ length: WEEKS_AHEAD }, (_, index) => {
    const from = monday + index * WEEK_SECONDS;
    return { from, until: from + 6 * DAY_SECONDS, ...between(from, from + WEEK_SECONDS) };
  });
  const later = monday + WEEKS_AHEAD * WEEK_SECONDS;
  return [...weeks, { from: later, until: undefined, ...between(later, Number.MAX_SAFE_INTEGER) }];
}
