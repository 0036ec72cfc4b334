import { dayText, parseDay } from '#core/time/day.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { pathWith } from '#features/console/filters.ts';
import { ROLL_OUT_SORTS, type RollOutFilter, type RollOutSort } from '#store/partners/roll-out.ts';

export const ROLL_OUT = '/console/rollout';

/** What is due soon, and which exemptions end soon. */
export const SOON_SECONDS = 14 * DAY_SECONDS;

export const VIEWS = ['overdue', 'due', 'mine', 'undated', 'exempt'] as const;
export type RollOutView = (typeof VIEWS)[number];

/** A list of the roll-out as its address says it. */
export type RollOutQuery = {
  readonly view: RollOutView;
  /** Only dates from this day to that day, `YYYY-MM-DD`; absent: the next 14 days. */
  readonly from: string | undefined;
  readonly until: string | undefined;
  readonly sort: RollOutSort;
  readonly isTurned: boolean;
  /** From 1. */
  readonly page: number;
};

const PAGES_MOST = 1000;

/** Unknown values are ignored. */
export function readRollOutQuery(query: Pick<URLSearchParams, 'get'>): RollOutQuery {
  const day = (name: string) => {
    const text = query.get(name) ?? '';
    return parseDay(text) === undefined ? undefined : text;
  };
  const page = Number(query.get('page') ?? 1);
  return {
    view: VIEWS.find((one) => one === query.get('view')) ?? 'overdue',
    from: day('from'),
    until: day('until'),
    sort: ROLL_OUT_SORTS.find((one) => one === query.get('sort')) ?? 'missing',
    isTurned: query.get('turned') === 'yes',
    page: Number.isSafeInteger(page) && page >= 1 && page <= PAGES_MOST ? page : 1,
  };
}

/** The address of a list. What is left out has its default. */
export function rollOutPath(query: Partial<RollOutQuery>, path: string = ROLL_OUT): string {
  const { view, from, until, sort, isTurned, page = 1 } = query;
  return pathWith(path, {
    view: view === 'overdue' ? undefined : view,
    from,
    until,
    sort: sort === 'missing' ? undefined : sort,
    turned: isTurned ? 'yes' : undefined,
    page: page > 1 ? String(page) : undefined,
  });
}

/** @param ownId the member of staff who looks, for their own partners */
export function filterOf({ view, from, until }: RollOutQuery, now: number, ownId: string): RollOutFilter {
  switch (view) {
    case 'due':
      return { view, ...dueBetween({ from, until }, now) };
    case 'mine':
      return { view, ownerId: ownId };
    case 'exempt':
      return { view, until: now + SOON_SECONDS };
    case 'overdue':
    case 'undated':
      return { view };
  }
}

/** Whole days, both included. What is past is overdue and belongs to no such list. */
function dueBetween({ from, until }: Pick<RollOutQuery, 'from' | 'until'>, now: number) {
  const first = from === undefined ? now : (parseDay(from) ?? now) - 1;
  const last = until === undefined ? undefined : parseDay(until);
  const open = from === undefined ? now + SOON_SECONDS : Number.MAX_SAFE_INTEGER;
  return { after: Math.max(first, now), until: last === undefined ? open : last + DAY_SECONDS - 1 };
}

/** The Monday of the week of an instant, 00:00 UTC. */
export function mondayOf(at: number): number {
  const day = at - (at % DAY_SECONDS);
  // 1970-01-01 was a Thursday, three days after a Monday.
  return day - ((day / DAY_SECONDS + 3) % 7) * DAY_SECONDS;
}

export function dayOf(at: number): string {
  return dayText(at);
}
