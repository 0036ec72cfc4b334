import { type SqlBool, sql } from 'kysely';
import type { Queries } from '#store/engine/database.ts';
import { isInState, isMissing } from '#store/people/state.ts';
import type { ReminderTable } from '#store/queue/tables.ts';

/** A person without MFA whose partner requires it from a date. */
export type Reminded = {
  readonly id: string;
  readonly email: string;
  readonly locale: string | undefined;
  readonly partnerId: string;
  readonly requiredFrom: number;
};

type DueReminders = {
  readonly stage: string;
  readonly schedule: string | null;
  readonly after: number;
  readonly until: number;
  readonly now: number;
};

/**
 * Up to `limit` people who are due for a reminder of this stage: they can sign in, are not exempt, not enrolled, and
 * have no such reminder for this date yet.
 *
 * @param due only partners with this schedule whose date is after `due.after` and not later than `due.until`
 */
export async function listDueReminders(
  queries: Queries,
  { stage, schedule, after, until, now }: DueReminders,
  limit: number,
): Promise<readonly Reminded[]> {
  const rows = await queries
    .selectFrom('partners as p')
    .innerJoin('users as u', 'u.partner_id', 'p.id')
    .select(['u.id', 'u.email', 'u.locale', 'p.id as partner_id', 'p.mfa_required_from'])
    .where('p.mfa_policy', '=', 'required')
    .where('p.reminder_days', schedule === null ? 'is' : '=', schedule)
    .where('p.mfa_required_from', '>', after)
    .where('p.mfa_required_from', '<=', until)
    // A person who has not accepted the invitation yet cannot set up MFA.
    .where(isInState('active'))
    .where((e) => e.or([e('u.exempt_until', 'is', null), e('u.exempt_until', '<=', now)]))
    .where(isMissing)
    .where(lacksReminder(stage, 'p.mfa_required_from'))
    .limit(limit)
    .execute();
  return rows.map(({ id, email, locale, partner_id, mfa_required_from }) => {
    return { id, email, locale: locale ?? undefined, partnerId: partner_id, requiredFrom: mfa_required_from ?? 0 };
  });
}

/** That a person, `u`, has had no reminder of this stage for the date in a column of their partner, `p`. */
export function lacksReminder(stage: string, date: 'p.mfa_required_from' | 'p.passkey_required_from') {
  return sql<SqlBool>`not exists (select 1 from reminders r
    where r.user_id = u.id and r.required_from = ${sql.ref(date)} and r.stage = ${stage})`;
}

/** Records a reminder: true once per person, date and stage. */
export async function claimReminder(tx: Queries, reminder: Omit<ReminderTable, 'id'>): Promise<boolean> {
  const { user_id, required_from, stage } = reminder;
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('reminders')
    .values({ id: `${user_id}:${required_from}:${stage}`, ...reminder })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}
