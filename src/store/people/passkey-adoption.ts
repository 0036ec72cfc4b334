import { type Expression, type SqlBool, sql } from 'kysely';
import type { Queries } from '#store/engine/database.ts';
import { hasPasskey, isEnrolled, isInState, isOpen } from '#store/people/state.ts';
import { lacksReminder } from '#store/queue/reminders.ts';

/** The passkeys of a partner's people who can sign in. */
export type PasskeyCounts = {
  readonly people: number;
  readonly withPasskey: number;
  /** With an authenticator app, and no passkey. */
  readonly withAppAlone: number;
  /** With a passkey, and no app. */
  readonly withPasskeyAlone: number;
};

const hasApp = sql<boolean>`exists (select 1 from authenticators a where a.user_id = u.id and a.kind = 'totp')`;
const lacksPasskey = sql<boolean>`not ${hasPasskey}`;

export async function countPasskeys(queries: Queries, partnerId: string): Promise<PasskeyCounts> {
  const counted = (condition: Expression<SqlBool>) =>
    sql<number | string>`coalesce(sum(case when ${condition} then 1 else 0 end), 0)`;
  const row = await peopleOf(queries, partnerId)
    .select((all) => all.fn.countAll<number | string>().as('people'))
    .select([
      counted(hasPasskey).as('with_passkey'),
      counted(sql<boolean>`${hasApp} and ${lacksPasskey}`).as('app_alone'),
      counted(sql<boolean>`${hasPasskey} and not ${hasApp}`).as('passkey_alone'),
    ])
    .executeTakeFirstOrThrow();
  return {
    people: Number(row.people),
    withPasskey: Number(row.with_passkey),
    withAppAlone: Number(row.app_alone),
    withPasskeyAlone: Number(row.passkey_alone),
  };
}

export type WithoutPasskey = {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly locale: string | undefined;
  readonly isEnrolled: boolean;
};

/** People of a partner without a passkey, by email, only those after `after`. */
export async function listWithoutPasskey(
  queries: Queries,
  partnerId: string,
  page: { readonly after: string; readonly limit: number },
): Promise<readonly WithoutPasskey[]> {
  const rows = await peopleOf(queries, partnerId)
    .select(['u.id', 'u.email', 'u.name', 'u.locale', isEnrolled.as('enrolled')])
    .where(lacksPasskey)
    .where('u.email', '>', page.after)
    .orderBy('u.email')
    .limit(page.limit)
    .execute();
  return rows.map(({ id, email, name, locale, enrolled }) => {
    // SQLite answers 0 or 1.
    return { id, email, name, locale: locale ?? undefined, isEnrolled: Boolean(enrolled) };
  });
}

/** How many people of a partner without a passkey have been reminded since an instant, of whatever. */
export async function countRemindedSince(queries: Queries, partnerId: string, since: number): Promise<number> {
  const row = await peopleOf(queries, partnerId)
    .select((all) => all.fn.countAll<number | string>().as('people'))
    .where(lacksPasskey)
    .where('u.reminded_at', '>', since)
    .executeTakeFirstOrThrow();
  return Number(row.people);
}

function peopleOf(queries: Queries, partnerId: string) {
  return queries
    .selectFrom('users as u')
    .innerJoin('partners as p', 'p.id', 'u.partner_id')
    .where('u.partner_id', '=', partnerId)
    .where(isOpen);
}

/** The schedules of reminders of partners that require passkeys from a date: `null` is the default. */
export async function listPasskeySchedules(queries: Queries): Promise<readonly (string | null)[]> {
  const schedules = queries.selectFrom('partners').select('reminder_days').distinct();
  const rows = await schedules
    .where('passkey_policy', '=', 'required')
    .where('passkey_required_from', 'is not', null)
    .execute();
  return rows.map((row) => row.reminder_days);
}

type Due = {
  readonly stage: string;
  readonly schedule: string | null;
  readonly after: number;
  readonly until: number;
};

/**
 * Up to `limit` people with an app and no passkey whose partner requires passkeys from a date, and who had no reminder
 * of this stage for this date.
 *
 * @param due only partners with this schedule whose date is after `due.after` and not later than `due.until`
 */
export async function listDuePasskeyReminders(queries: Queries, { stage, schedule, after, until }: Due, limit: number) {
  const rows = await queries
    .selectFrom('partners as p')
    .innerJoin('users as u', 'u.partner_id', 'p.id')
    .select(['u.id', 'u.email', 'u.locale', 'p.id as partner_id', 'p.passkey_required_from'])
    .where('p.passkey_policy', '=', 'required')
    .where('p.reminder_days', schedule === null ? 'is' : '=', schedule)
    .where('p.passkey_required_from', '>', after)
    .where('p.passkey_required_from', '<=', until)
    .where(isInState('active'))
    .where(isEnrolled)
    .where(lacksPasskey)
    .where(lacksReminder(stage, 'p.passkey_required_from'))
    .limit(limit)
    .execute();
  return rows.map(({ id, email, locale, partner_id, passkey_required_from }) => {
    return { id, email, locale: locale ?? undefined, partnerId: partner_id, requiredFrom: passkey_required_from ?? 0 };
  });
}
