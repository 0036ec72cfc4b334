import { sql } from 'kysely';
import type { Queries } from '#store/engine/database.ts';
import type { AdoptionDayTable, EventDayTable, PartnerTable } from '#store/partners/tables.ts';
import { isMissing, isOpen } from '#store/people/state.ts';
import { exemptCount } from './partner-pages.ts';

type Count = number | string;

export type PolicySum = {
  readonly policy: PartnerTable['mfa_policy'];
  /** MFA is required from a future day. */
  readonly isAhead: boolean;
  readonly partners: number;
  readonly people: number;
  readonly enrolled: number;
};

/** The adoption per policy, without archived partners. It adds stored counts, so it scans no people. */
export async function sumPolicies(queries: Queries, now: number): Promise<readonly PolicySum[]> {
  const rows = await queries
    .selectFrom('partners as p')
    .innerJoin('partner_counts as c', 'c.partner_id', 'p.id')
    .where('p.archived_at', 'is', null)
    .select(['p.mfa_policy', sql<number>`case when p.mfa_required_from > ${now} then 1 else 0 end`.as('is_ahead')])
    .select((all) => [
      all.fn.countAll<Count>().as('partners'),
      all.fn.sum<Count>('c.people').as('people'),
      all.fn.sum<Count>('c.enrolled').as('enrolled'),
    ])
    .groupBy(['p.mfa_policy', 'is_ahead'])
    .execute();
  return rows.map((row) => ({
    policy: row.mfa_policy,
    isAhead: Number(row.is_ahead) === 1,
    partners: Number(row.partners),
    people: Number(row.people),
    enrolled: Number(row.enrolled),
  }));
}

export type OverduePartner = { readonly id: string; readonly name: string; readonly missing: number };

export type Overdue = {
  /** The number of overdue people, and of their partners. */
  readonly people: number;
  readonly partners: number;
  /** The partners with the most overdue people, at most `limit`. */
  readonly most: readonly OverduePartner[];
};

/** Partners that already require MFA and have people without it. Exempt people do not count. */
export async function readOverdue(queries: Queries, now: number, limit: number): Promise<Overdue> {
  const rows = await queries
    // Materialized, so that exempt people are counted once per partner and not at each use of the number.
    .with(
      (cte) => cte('late').materialized(),
      (db) =>
        db
          .selectFrom('partners as p')
          .innerJoin('partner_counts as c', 'c.partner_id', 'p.id')
          .select(['p.id', 'p.name', sql<Count>`c.people - c.enrolled - ${exemptCount(now)}`.as('missing')])
          .where('p.archived_at', 'is', null)
          .where('p.mfa_policy', '=', 'required')
          .where((all) => all.or([all('p.mfa_required_from', 'is', null), all('p.mfa_required_from', '<=', now)]))
          .where(sql<boolean>`c.people > c.enrolled`),
    )
    .selectFrom('late')
    .select(['id', 'name', 'missing'])
    .select([sql<Count>`count(*) over ()`.as('partners'), sql<Count>`sum(missing) over ()`.as('people')])
    .where('missing', '>', 0)
    .orderBy('missing', 'desc')
    .orderBy('id')
    .limit(limit)
    .execute();
  return {
    people: Number(rows[0]?.people ?? 0),
    partners: Number(rows[0]?.partners ?? 0),
    most: rows.map(({ id, name, missing }) => ({ id, name, missing: Number(missing) })),
  };
}

export type OverduePerson = {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly slug: string;
  readonly lastSignInAt: number | undefined;
};

/** One page of all overdue people, only those after `after`. */
export async function listOverduePeople(
  queries: Queries,
  page: { readonly after: string; readonly limit: number; readonly now: number },
): Promise<OverduePerson[]> {
  const rows = await queries
    .selectFrom('users as u')
    .innerJoin('partners as p', 'p.id', 'u.partner_id')
    .select(['u.id', 'u.email', 'u.name', 'u.last_sign_in_at', 'p.slug'])
    .where('u.id', '>', page.after)
    .where(isMissing)
    .where(isOpen)
    .where((all) => all.or([all('u.exempt_until', 'is', null), all('u.exempt_until', '<=', page.now)]))
    .where('p.mfa_policy', '=', 'required')
    .where((all) => all.or([all('p.mfa_required_from', 'is', null), all('p.mfa_required_from', '<=', page.now)]))
    .orderBy('u.id')
    .limit(page.limit)
    .execute();
  return rows.map(({ last_sign_in_at, ...row }) => ({ ...row, lastSignInAt: last_sign_in_at ?? undefined }));
}

/** Stores the adoption of all partners for a day, and replaces an earlier value of that day. */
export async function setAdoptionDay(tx: Queries, row: AdoptionDayTable): Promise<void> {
  await tx
    .insertInto('adoption_days')
    .values(row)
    .onConflict((conflict) => conflict.column('day').doUpdateSet({ people: row.people, enrolled: row.enrolled }))
    .execute();
}

/** The stored days from `since` on, oldest first. */
export async function listAdoptionDays(queries: Queries, since: number): Promise<AdoptionDayTable[]> {
  return queries.selectFrom('adoption_days').selectAll().where('day', '>=', since).orderBy('day').execute();
}

export type EventDay = Omit<EventDayTable, 'id'>;

/** Adds to the daily counts. It runs in the transaction that seals the events, so each event is counted once. */
export async function addEventDays(tx: Queries, counts: readonly EventDay[]): Promise<void> {
  if (counts.length === 0) return;
  await tx
    .insertInto('event_days')
    .values(counts.map((one) => ({ id: `${one.day} ${one.action} ${one.reason}`, ...one })))
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet({ count: sql<number>`event_days.count + excluded.count` }),
    )
    .execute();
}

/** The counts from a day on, ordered by day. */
export async function listEventDays(queries: Queries, since: number): Promise<EventDay[]> {
  return queries
    .selectFrom('event_days')
    .select(['day', 'action', 'reason', 'count'])
    .where('day', '>=', since)
    .orderBy('day')
    .orderBy('id')
    .execute();
}
