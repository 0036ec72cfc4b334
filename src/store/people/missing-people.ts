import { sql } from 'kysely';
import type { Queries } from '#store/engine/database.ts';
import { isInState, isMissing } from './state.ts';

/** A person of a partner who can sign in, has no authenticator and is not exempt. */
export type MissingPerson = {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly remindedAt: number | undefined;
};

/** Whom a reminder can reach now: `before` is the start of the pause after one. */
type Span = { readonly now: number; readonly before: number };

/** They by their last reminder, the longest ago first. @param limit at most so many rows */
export async function listMissing(
  queries: Queries,
  partnerId: string,
  now: number,
  limit: number,
): Promise<readonly MissingPerson[]> {
  const rows = await missing(queries, partnerId, now)
    .select(['u.id', 'u.name', 'u.email', 'u.reminded_at'])
    .orderBy(sql`coalesce(u.reminded_at, 0)`)
    .orderBy('u.email')
    .limit(limit)
    .execute();
  return rows.map(({ reminded_at, ...row }) => ({ ...row, remindedAt: reminded_at ?? undefined }));
}

/** How many they are, and how many of them were not reminded after `before`. */
export async function countMissing(
  queries: Queries,
  partnerId: string,
  { now, before }: Span,
): Promise<{ readonly people: number; readonly due: number }> {
  const isDue = sql<boolean>`coalesce(u.reminded_at, 0) <= ${before}`;
  const row = await missing(queries, partnerId, now)
    .select((all) => all.fn.countAll<number | string>().as('people'))
    .select(sql<number | string>`coalesce(sum(case when ${isDue} then 1 else 0 end), 0)`.as('due'))
    .executeTakeFirstOrThrow();
  return { people: Number(row.people), due: Number(row.due) };
}

function missing(queries: Queries, partnerId: string, now: number) {
  return queries
    .selectFrom('users as u')
    .innerJoin('partners as p', 'p.id', 'u.partner_id')
    .where('u.partner_id', '=', partnerId)
    .where(isInState('active'))
    .where(isMissing)
    .where((or) => or.or([or('u.exempt_until', 'is', null), or('u.exempt_until', '<=', now)]));
}
