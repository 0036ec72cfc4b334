import { type ExpressionBuilder, type RawBuilder, sql } from 'kysely';
import type { Queries, Schema } from '#store/engine/database.ts';
import type { PartnerCountTable, PartnerTable } from '#store/partners/tables.ts';
import { holds } from '#store/people/search.ts';

/** Which partners to list, and in which order. */
export type PartnerFilter = {
  readonly search: string | undefined;
  readonly policy: PartnerTable['mfa_policy'] | undefined;
  readonly adoption: 'none' | 'some' | 'all' | undefined;
  /** Only partners that already require MFA and have people without it who are not exempt. */
  readonly overdue: boolean;
  readonly archived: boolean;
  readonly sort: 'name' | 'adoption' | 'people';
};

/** The position after the last row of the previous page: its sort value and its id. */
export type PartnerCursor = { readonly value: string | number; readonly id: string };

export type PartnerRow = {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly policy: PartnerTable['mfa_policy'];
  readonly requiredFrom: number | undefined;
  readonly archivedAt: number | undefined;
  readonly people: number;
  readonly enrolled: number;
  /** The value that sorts the page. */
  readonly sortValue: string | number;
};

/** One page of partners with their counts. Triggers maintain the counts, so this query scans no people. */
export async function listPartnerPage(
  queries: Queries,
  filter: PartnerFilter,
  page: { readonly after: PartnerCursor | undefined; readonly limit: number; readonly now: number },
): Promise<readonly PartnerRow[]> {
  const { value, id } = SORTS[filter.sort];
  const isUp = filter.sort !== 'people';
  let query = matching(queries, filter, page.now)
    .selectAll('p')
    .select(['c.people', 'c.enrolled', value.as('sort_value')])
    .orderBy(value, isUp ? 'asc' : 'desc')
    .orderBy(id, isUp ? 'asc' : 'desc')
    .limit(page.limit);
  const { after } = page;
  // A row comparison, so that the sorting index finds where the next page begins.
  if (after)
    query = query.where(sql<boolean>`(${value}, ${id}) ${sql.raw(isUp ? '>' : '<')} (${after.value}, ${after.id})`);
  const rows = await query.execute();
  return rows.map((row) => ({
    id: row.id,
    slug: row.slug,
    name: row.name,
    policy: row.mfa_policy,
    requiredFrom: row.mfa_required_from ?? undefined,
    archivedAt: row.archived_at ?? undefined,
    people: row.people,
    enrolled: row.enrolled,
    sortValue: row.sort_value,
  }));
}

/**
 * How many people of partner `p` are exempt now and have no authenticator. They are few, and have an index of their
 * own.
 *
 * It ignores whether the partner is archived, like the trigger counts. The caller checks that.
 */
export function exemptCount(now: number) {
  return sql<number>`(select count(*) from users u where u.partner_id = p.id and u.exempt_until > ${now}
    and u.disabled_at is null and not exists (select 1 from authenticators a where a.user_id = u.id))`;
}

/** The number of matches. Without a filter on people, it does not read their counts. */
export async function countPartners(queries: Queries, filter: PartnerFilter, now: number): Promise<number> {
  const isOfPeople = filter.adoption !== undefined || filter.overdue;
  const fitting = isOfPeople
    ? matching(queries, filter, now)
    : queries.selectFrom('partners as p').where((all) => all.and(ownTests(filter)));
  const row = await fitting.select((all) => all.fn.countAll<number | string>().as('count')).executeTakeFirstOrThrow();
  return Number(row.count);
}

export type PartnerCounts = {
  /** People who can sign in. */
  readonly people: number;
  readonly enrolled: number;
  /** People without an authenticator who are not exempt. */
  readonly missing: number;
  /** People without an authenticator who are exempt. */
  readonly exempt: number;
};

/** The exact adoption of one partner, because triggers count in the transaction of each change. */
export async function findPartnerCounts(queries: Queries, partnerId: string, now: number): Promise<PartnerCounts> {
  const row = await queries
    .selectFrom('partners as p')
    .innerJoin('partner_counts as c', 'c.partner_id', 'p.id')
    .select(['c.people', 'c.enrolled', exemptCount(now).as('exempt')])
    .where('p.id', '=', partnerId)
    .executeTakeFirst();
  if (!row) return { people: 0, enrolled: 0, missing: 0, exempt: 0 };
  const { people, enrolled } = row;
  const exempt = Number(row.exempt);
  return { people, enrolled, missing: people - enrolled - exempt, exempt };
}

type Sort = { readonly value: RawBuilder<string | number>; readonly id: RawBuilder<string> };

/**
 * An index has each expression literally, so a page reads only its fifty rows. Names have one order for all languages,
 * Ä with A and Ø with O, because each further order (for example Swedish) would need its own index.
 */
const SORTS: Readonly<Record<PartnerFilter['sort'], Sort>> = {
  name: { value: sql`p.search_key`, id: sql`p.id` },
  people: { value: sql`c.people`, id: sql`c.partner_id` },
  // Whole percent. A partner without people counts as complete.
  adoption: {
    value: sql`case when c.people = 0 then 100 else c.enrolled * 100 / c.people end`,
    id: sql`c.partner_id`,
  },
};

function matching(queries: Queries, filter: PartnerFilter, now: number) {
  return queries
    .selectFrom('partners as p')
    .innerJoin('partner_counts as c', 'c.partner_id', 'p.id')
    .where((all) =>
      all.and([...ownTests(filter), ...adoptionTests(all, filter), ...(filter.overdue ? overdueTests(all, now) : [])]),
    );
}

/** Conditions on the partner itself, without its people. */
function ownTests({ search, policy, archived }: PartnerFilter) {
  return [
    archived ? sql<boolean>`p.archived_at is not null` : sql<boolean>`p.archived_at is null`,
    ...(search === undefined ? [] : [holds('p.search_key', search)]),
    ...(policy === undefined ? [] : [sql<boolean>`p.mfa_policy = ${policy}`]),
  ];
}

type Tests = ExpressionBuilder<Schema & { p: PartnerTable; c: PartnerCountTable }, 'p' | 'c'>;

function adoptionTests(all: Tests, { adoption }: PartnerFilter) {
  if (adoption === 'none') return [all('c.enrolled', '=', 0)];
  if (adoption === 'all') return [all('c.enrolled', '=', all.ref('c.people')), all('c.people', '>', 0)];
  return adoption === 'some' ? [all('c.enrolled', '>', 0), all('c.enrolled', '<', all.ref('c.people'))] : [];
}

function overdueTests(all: Tests, now: number) {
  return [
    all('p.mfa_policy', '=', 'required'),
    all.or([all('p.mfa_required_from', 'is', null), all('p.mfa_required_from', '<=', now)]),
    sql<boolean>`c.people - c.enrolled > 0`,
    sql<boolean>`c.people - c.enrolled > ${exemptCount(now)}`,
  ];
}
