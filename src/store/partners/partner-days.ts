import { sql } from 'kysely';
import { PASSKEY_STAGE } from '#core/people/reminder-days.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import type { Queries } from '#store/engine/database.ts';
import type { PartnerDayTable } from '#store/partners/tables.ts';
import { enrolledAt } from '#store/people/state.ts';

export type PartnerDay = Pick<PartnerDayTable, 'day' | 'people' | 'enrolled'>;

/** Up to `limit` partners whose people changed since their last stored day. */
export async function listChangedPartners(queries: Queries, limit: number) {
  return queries
    .selectFrom('partner_counts as c')
    .select(['c.partner_id', 'c.people', 'c.enrolled'])
    .where(
      sql<boolean>`not exists (select 1 from partner_days d where d.partner_id = c.partner_id
        and d.day = (select max(l.day) from partner_days l where l.partner_id = c.partner_id)
        and d.people = c.people and d.enrolled = c.enrolled)`,
    )
    .limit(limit)
    .execute();
}

/** Stores the people of these partners for a day, and replaces an earlier value of that day. */
export async function setPartnerDays(
  tx: Queries,
  day: number,
  changed: readonly Omit<PartnerDayTable, 'id' | 'day'>[],
): Promise<void> {
  await tx
    .insertInto('partner_days')
    .values(changed.map((row) => ({ id: `${row.partner_id} ${day}`, day, ...row })))
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet({
        people: sql<number>`excluded.people`,
        enrolled: sql<number>`excluded.enrolled`,
      }),
    )
    .execute();
}

/** The stored days of a partner, oldest first. */
export async function listPartnerDays(queries: Queries, partnerId: string): Promise<readonly PartnerDay[]> {
  return queries
    .selectFrom('partner_days')
    .select(['day', 'people', 'enrolled'])
    .where('partner_id', '=', partnerId)
    .orderBy('day')
    .execute();
}

/**
 * The days before anything was stored, estimated from today's people: when each was added, and when each set up the
 * authenticator that they have now. Oldest first.
 */
export async function estimatePartnerDays(
  queries: Queries,
  partnerId: string,
  before: number,
): Promise<readonly PartnerDay[]> {
  const rows = await queries
    .selectFrom('users as u')
    .select(['u.created_at', enrolledAt.as('enrolled_at')])
    .where('u.partner_id', '=', partnerId)
    .where('u.disabled_at', 'is', null)
    .execute();
  const changes = new Map<number, { people: number; enrolled: number }>();
  const count = (at: number | null, name: 'people' | 'enrolled') => {
    if (at === null || at >= before) return;
    const day = at - (at % DAY_SECONDS);
    const change = changes.get(day) ?? { people: 0, enrolled: 0 };
    change[name] += 1;
    changes.set(day, change);
  };
  for (const { created_at, enrolled_at } of rows) {
    count(created_at, 'people');
    count(enrolled_at, 'enrolled');
  }
  let sum = { people: 0, enrolled: 0 };
  return [...changes]
    .toSorted(([one], [other]) => one - other)
    .map(([day, { people, enrolled }]) => {
      sum = { people: sum.people + people, enrolled: sum.enrolled + enrolled };
      return { day, ...sum };
    });
}

/** The reminders of a date of MFA that people of a partner got, by stage: when the first one went out, and to how many. */
export type SentReminder = { readonly stage: string; readonly at: number; readonly people: number };

export async function listSentReminders(
  queries: Queries,
  partnerId: string,
  requiredFrom: number,
): Promise<readonly SentReminder[]> {
  const rows = await queries
    .selectFrom('users as u')
    .innerJoin('reminders as r', 'r.user_id', 'u.id')
    .select((all) => ['r.stage', all.fn.min('r.queued_at').as('at'), all.fn.countAll<number | string>().as('people')])
    .where('u.partner_id', '=', partnerId)
    .where('r.required_from', '=', requiredFrom)
    .where('r.stage', 'not like', `${PASSKEY_STAGE}%`)
    .groupBy('r.stage')
    .orderBy('at')
    .execute();
  return rows.map(({ stage, at, people }) => ({ stage, at, people: Number(people) }));
}
