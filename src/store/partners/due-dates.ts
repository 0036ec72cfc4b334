import { sql } from 'kysely';
import type { Queries } from '#store/engine/database.ts';
import { exemptCount } from './partner-pages.ts';

/** A day on which MFA becomes required for partners. */
export type DueDate = { readonly requiredFrom: number; readonly partners: number };

/** The dates after `after` and not later than `until`, soonest first, for the deadlines in a chart. */
export async function listDueDates(
  queries: Queries,
  { after, until }: { readonly after: number; readonly until: number },
): Promise<readonly DueDate[]> {
  const rows = await queries
    .selectFrom('partners as p')
    .select((all) => ['p.mfa_required_from', all.fn.countAll<number | string>().as('partners')])
    .where('p.archived_at', 'is', null)
    .where((all) => all.and(dueTests({ after, until })))
    .groupBy('p.mfa_required_from')
    .orderBy('p.mfa_required_from')
    .execute();
  return rows.map((row) => ({ requiredFrom: row.mfa_required_from ?? 0, partners: Number(row.partners) }));
}

/** A partner with a date, for the calendar. */
export type DatedPartner = {
  readonly id: string;
  readonly name: string;
  readonly requiredFrom: number;
  readonly missing: number;
  readonly reminderDays: string | null;
};

/** Every partner whose date is after `after` and not later than `until`, those with most people missing first. */
export async function listDatedPartners(
  queries: Queries,
  { after, until, now }: { readonly after: number; readonly until: number; readonly now: number },
): Promise<readonly DatedPartner[]> {
  const rows = await queries
    .selectFrom('partners as p')
    .innerJoin('partner_counts as c', 'c.partner_id', 'p.id')
    .select(['p.id', 'p.name', 'p.mfa_required_from', 'p.reminder_days'])
    .select(sql<number | string>`c.people - c.enrolled - ${exemptCount(now)}`.as('missing'))
    .where('p.archived_at', 'is', null)
    .where((all) => all.and(dueTests({ after, until })))
    .execute();
  return rows
    .map(({ id, name, mfa_required_from, reminder_days, missing }) => ({
      ...{ id, name, requiredFrom: mfa_required_from ?? 0, missing: Number(missing), reminderDays: reminder_days },
    }))
    .toSorted((one, other) => other.missing - one.missing);
}

/** Conditions on partner `p`: MFA is required from a date after `after` and not later than `until`. */
export function dueTests({ after, until }: { readonly after: number; readonly until: number }) {
  return [
    sql<boolean>`p.mfa_policy = 'required'`,
    sql<boolean>`p.mfa_required_from > ${after}`,
    sql<boolean>`p.mfa_required_from <= ${until}`,
  ];
}
