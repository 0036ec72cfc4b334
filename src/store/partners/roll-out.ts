import { type RawBuilder, sql } from 'kysely';
import type { Queries } from '#store/engine/database.ts';
import type { PartnerTable } from '#store/partners/tables.ts';
import { dueTests } from './due-dates.ts';
import { exemptCount } from './partner-pages.ts';
import { requiredSince } from './partners.ts';

/** Which partners a list of the roll-out shows. */
export type RollOutFilter =
  /** MFA is required by now, and people are missing. */
  | { readonly view: 'overdue' }
  /** MFA is required from a date after `after` and not later than `until`. */
  | { readonly view: 'due'; readonly after: number; readonly until: number }
  /** MFA is off or optional. */
  | { readonly view: 'undated' }
  | { readonly view: 'mine'; readonly ownerId: string }
  /** Somebody's exemption ends by then. */
  | { readonly view: 'exempt'; readonly until: number };

export const ROLL_OUT_SORTS = ['missing', 'since', 'late', 'share', 'reminded', 'name'] as const;
export type RollOutSort = (typeof ROLL_OUT_SORTS)[number];

export type RollOutRow = {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly policy: PartnerTable['mfa_policy'];
  /** Since when MFA is required, or from when; without meaning while the policy is off or optional. */
  readonly since: number;
  readonly people: number;
  readonly enrolled: number;
  /** People without an authenticator who are not exempt. */
  readonly missing: number;
  readonly remindedAt: number | undefined;
  /** Staff asked for a reminder that is still on its way. */
  readonly isAsked: boolean;
  readonly owner: string | undefined;
};

export type RollOutPage = {
  readonly rows: readonly RollOutRow[];
  /** All partners of the list, and their missing people. */
  readonly partners: number;
  readonly missing: number;
};

type Wanted = {
  readonly now: number;
  readonly sort: RollOutSort;
  /** From the other end. */
  readonly isTurned: boolean;
  readonly limit: number;
  readonly offset: number;
};

/** One page of a list. It computes the missing people of every partner that fits, from stored counts. */
export async function listRollOut(queries: Queries, filter: RollOutFilter, wanted: Wanted): Promise<RollOutPage> {
  const { value, direction } = SORTS[wanted.sort];
  const isUp = (direction === 'asc') !== wanted.isTurned;
  const rows = await fitting(queries, filter, wanted.now)
    .selectAll('fitting')
    .select([
      sql<number | string>`count(*) over ()`.as('all_partners'),
      sql<number | string>`sum(missing) over ()`.as('all_missing'),
      sql<string | null>`(select o.name from users o where o.id = fitting.owner_id)`.as('owner'),
    ])
    .orderBy(value, isUp ? 'asc' : 'desc')
    .orderBy('id')
    .limit(wanted.limit)
    .offset(wanted.offset)
    .execute();
  return {
    rows: rows.map((row) => ({
      ...{ id: row.id, slug: row.slug, name: row.name, policy: row.mfa_policy, since: row.since },
      ...{ people: row.people, enrolled: row.enrolled, missing: Number(row.missing) },
      remindedAt: row.reminded_at ?? undefined,
      isAsked: row.remind_asked_at !== null,
      owner: row.owner ?? undefined,
    })),
    partners: Number(rows[0]?.all_partners ?? 0),
    missing: Number(rows[0]?.all_missing ?? 0),
  };
}

const SORTS: Readonly<
  Record<RollOutSort, { readonly value: RawBuilder<unknown>; readonly direction: 'asc' | 'desc' }>
> = {
  missing: { value: sql`missing`, direction: 'desc' },
  since: { value: sql`since`, direction: 'asc' },
  // The longest delay first: the order of `since`, under the heading of the days.
  late: { value: sql`since`, direction: 'asc' },
  share: { value: sql`case when people = 0 then 100 else enrolled * 100 / people end`, direction: 'asc' },
  reminded: { value: sql`coalesce(reminded_at, 0)`, direction: 'asc' },
  name: { value: sql`search_key`, direction: 'asc' },
};

function fitting(queries: Queries, filter: RollOutFilter, now: number) {
  return counted(queries, rollOutTests(filter, now), now).where(
    filter.view === 'overdue' ? sql<boolean>`missing > 0` : sql<boolean>`1 = 1`,
  );
}

/** Partners that are not archived and pass the tests, with their people. */
function counted(queries: Queries, tests: ReturnType<typeof rollOutTests>, now: number) {
  return queries
    .with(
      // Materialized, so that exempt people are counted once per partner and not at each use of the number.
      (cte) => cte('fitting').materialized(),
      (db) =>
        db
          .selectFrom('partners as p')
          .innerJoin('partner_counts as c', 'c.partner_id', 'p.id')
          .select(['p.id', 'p.slug', 'p.name', 'p.search_key', 'p.mfa_policy', 'p.reminded_at', 'p.remind_asked_at'])
          .select(['p.mfa_required_from', 'p.owner_id', 'c.people', 'c.enrolled', requiredSince('p').as('since')])
          .select(sql<number | string>`c.people - c.enrolled - ${exemptCount(now)}`.as('missing'))
          .where('p.archived_at', 'is', null)
          .where((all) => all.and(tests)),
    )
    .selectFrom('fitting');
}

/** Conditions on partner `p` with its counts `c`. For overdue partners the caller also leaves out those without `missing`. */
export function rollOutTests(filter: RollOutFilter, now: number) {
  switch (filter.view) {
    case 'overdue':
      return [isRequiredBy(now), sql<boolean>`c.people > c.enrolled`];
    case 'due':
      return dueTests(filter);
    case 'undated':
      return [sql<boolean>`p.mfa_policy <> 'required'`];
    case 'mine':
      return [sql<boolean>`p.owner_id = ${filter.ownerId}`];
    case 'exempt':
      return [
        sql<boolean>`p.id in (select u.partner_id from users u where u.exempt_until > ${now}
          and u.exempt_until <= ${filter.until} and u.disabled_at is null and u.partner_id is not null)`,
      ];
  }
}

function isRequiredBy(now: number) {
  return sql<boolean>`p.mfa_policy = 'required' and (p.mfa_required_from is null or p.mfa_required_from <= ${now})`;
}

/** Partners that are alike for the sums of the roll-out, and their people together. */
export type RollOutGroup = {
  readonly policy: PartnerTable['mfa_policy'];
  readonly requiredFrom: number | undefined;
  /** People of each of them are missing. */
  readonly isMissing: boolean;
  readonly partners: number;
  readonly people: number;
  readonly enrolled: number;
  readonly missing: number;
  /** The earliest day since when or from when one of them requires MFA. */
  readonly oldest: number;
};

/** All partners that are not archived, in one pass: a group for each date, and few others. */
export async function listRollOutGroups(queries: Queries, now: number): Promise<readonly RollOutGroup[]> {
  const rows = await counted(queries, [], now)
    .select(['mfa_policy', 'mfa_required_from', sql<number>`case when missing > 0 then 1 else 0 end`.as('is_missing')])
    .select(SUMS)
    .select(sql<number>`min(since)`.as('oldest'))
    .groupBy(['mfa_policy', 'mfa_required_from', 'is_missing'])
    .execute();
  return rows.map((row) => ({
    ...{ policy: row.mfa_policy, requiredFrom: row.mfa_required_from ?? undefined, oldest: row.oldest },
    isMissing: Number(row.is_missing) === 1,
    ...sumsOf(row),
  }));
}

const SUMS = [
  sql<number | string>`count(*)`.as('partners'),
  sql<number | string>`sum(people)`.as('people'),
  sql<number | string>`sum(enrolled)`.as('enrolled'),
  sql<number | string>`sum(missing)`.as('missing'),
];

function sumsOf(row: Readonly<Record<'partners' | 'people' | 'enrolled' | 'missing', number | string>>) {
  return {
    partners: Number(row.partners),
    people: Number(row.people),
    enrolled: Number(row.enrolled),
    missing: Number(row.missing),
  };
}

/** How many people's exemptions end by then. */
export async function countEndingExemptions(
  queries: Queries,
  { now, until }: { readonly now: number; readonly until: number },
): Promise<number> {
  const row = await queries
    .selectFrom('users as u')
    .innerJoin('partners as p', 'p.id', 'u.partner_id')
    .select((all) => all.fn.countAll<number | string>().as('people'))
    .where('u.exempt_until', '>', now)
    .where('u.exempt_until', '<=', until)
    .where('u.disabled_at', 'is', null)
    .where('p.archived_at', 'is', null)
    .executeTakeFirstOrThrow();
  return Number(row.people);
}
