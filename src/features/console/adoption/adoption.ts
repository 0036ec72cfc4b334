import { DAY_SECONDS } from '#core/time/spans.ts';
import type { Env } from '#env.ts';
import { type Proof, proofOf, type Why, whyOf } from '#features/console/people/sign-in-words.ts';
import {
  type EventDay,
  listAdoptionDays,
  listEventDays,
  type Overdue,
  type PolicySum,
  readOverdue,
  sumPolicies,
} from '#store/partners/adoption.ts';
import { type DueDate, listDueDates } from '#store/partners/due-dates.ts';

const LISTED_PARTNERS = 10;
/** The sign-in figures cover the last month, whatever span the curve shows. */
export const SIGN_IN_DAYS = 30;
export const SPANS = [30, 90, 365] as const;
export type Span = (typeof SPANS)[number];

export type Day = { readonly day: number; readonly people: number; readonly enrolled: number };
export type Part<Name extends string> = { readonly name: Name; readonly count: number };

export type Curve = {
  readonly span: Span;
  readonly people: number;
  readonly enrolled: number;
  /** One entry for each recorded day, oldest first. The last entry is now. */
  readonly days: readonly Day[];
  readonly policies: readonly PolicySum[];
};

export type Adoption = Curve & {
  readonly overdue: Overdue;
  /** The days of the shown span on which most partners became required, the one with most first. */
  readonly deadlines: readonly Deadline[];
  readonly proofs: readonly Part<Proof>[];
  readonly refusals: readonly Part<Why>[];
};

export function readSpan(query: URLSearchParams): Span {
  return SPANS.find((span) => String(span) === query.get('days')) ?? 90;
}

/** The dashboard. It only reads sums: triggers count partners, a job counts days, and sealing counts sign-ins. */
export async function readAdoption(env: Env, span: Span): Promise<Adoption> {
  const { read } = env.db;
  const now = env.now();
  const signIns = await listEventDays(read, now - (now % DAY_SECONDS) - (SIGN_IN_DAYS - 1) * DAY_SECONDS);
  return {
    ...(await readCurve(env, span)),
    overdue: await readOverdue(read, now, LISTED_PARTNERS),
    deadlines: mostDue(await listDueDates(read, { after: now - span * DAY_SECONDS, until: now })),
    proofs: partsOf(signIns, proofOf),
    refusals: partsOf(signIns, whyOf),
  };
}

export type Deadline = { readonly day: number; readonly partners: number };

const MARKERS = 3;
/** Markers closer than a fifth of the quarter would overlap. */
const MARKER_GAP_SECONDS = 18 * DAY_SECONDS;

/** The days on which most partners became required, far enough apart to be drawn; the one with most partners first. */
export function mostDue(dates: readonly DueDate[]): readonly Deadline[] {
  const chosen: Deadline[] = [];
  for (const { requiredFrom, partners } of dates.toSorted((one, other) => other.partners - one.partners)) {
    const isFree = chosen.every(({ day }) => Math.abs(day - requiredFrom) >= MARKER_GAP_SECONDS);
    if (isFree && chosen.length < MARKERS) chosen.push({ day: requiredFrom, partners });
  }
  return chosen;
}

/** Only the curve, and the sums behind its last point. */
export async function readCurve(env: Pick<Env, 'db' | 'now'>, span: Span): Promise<Curve> {
  const policies = await sumPolicies(env.db.read, env.now());
  const people = policies.reduce((sum, one) => sum + one.people, 0);
  const enrolled = policies.reduce((sum, one) => sum + one.enrolled, 0);
  return { span, people, enrolled, policies, days: await readDays(env, span, { people, enrolled }) };
}

/** The recorded days of a span, and today as it is now. */
export async function readDays(
  { db, now: clock }: Pick<Env, 'db' | 'now'>,
  span: Span,
  current: Omit<Day, 'day'>,
): Promise<readonly Day[]> {
  const now = clock();
  const today = now - (now % DAY_SECONDS);
  const noted = await listAdoptionDays(db.read, today - span * DAY_SECONDS);
  return [...noted.filter(({ day }) => day < today), { day: today, ...current }];
}

/** Sums the events by their label, the most frequent first. */
function partsOf<Name extends string>(
  days: readonly EventDay[],
  nameOf: (one: EventDay) => Name | undefined,
): readonly Part<Name>[] {
  const counts = new Map<Name, number>();
  for (const one of days) {
    const name = nameOf(one);
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + one.count);
  }
  return [...counts].map(([name, count]) => ({ name, count })).sort((one, other) => other.count - one.count);
}
