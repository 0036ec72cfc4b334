import type { ExpressionBuilder } from 'kysely';
import type { Queries, Schema } from '#store/engine/database.ts';

/** Ends the sessions of a partner's people that no second factor opened, except those of exempt people; answers how many. */
export async function deleteSessionsWithoutSecondFactor(tx: Queries, partnerId: string, now: number): Promise<number> {
  await detachedGrants(tx)
    .where('amr', '=', 'pwd')
    .where('user_id', 'in', (query) => askedPeople(query, partnerId, now))
    .execute();
  const { numDeletedRows } = await tx
    .deleteFrom('sessions')
    .where('second_factor_at', 'is', null)
    .where('user_id', 'in', (query) => askedPeople(query, partnerId, now))
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** Lets such sessions end no later than `capAt`. */
export async function capSessionsWithoutSecondFactor(
  tx: Queries,
  partnerId: string,
  capAt: number,
  now: number,
): Promise<void> {
  await tx
    .updateTable('sessions')
    .set({ expires_at: capAt })
    .where('second_factor_at', 'is', null)
    .where('expires_at', '>', capAt)
    .where('user_id', 'in', (query) => askedPeople(query, partnerId, now))
    .execute();
}

/** Lets such sessions of one person end no later than `capAt`; one that is past already is ended by it. */
export async function capOwnSessionsWithoutSecondFactor(tx: Queries, userId: string, capAt: number): Promise<void> {
  await tx
    .updateTable('sessions')
    .set({ expires_at: capAt })
    .where('second_factor_at', 'is', null)
    .where('expires_at', '>', capAt)
    .where('user_id', '=', userId)
    .execute();
}

/** Ends such sessions of one person; answers how many. */
export async function deleteOwnSessionsWithoutSecondFactor(tx: Queries, userId: string): Promise<number> {
  await detachedGrants(tx).where('amr', '=', 'pwd').where('user_id', '=', userId).execute();
  const { numDeletedRows } = await tx
    .deleteFrom('sessions')
    .where('second_factor_at', 'is', null)
    .where('user_id', '=', userId)
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** How many sessions `deleteSessionsWithoutSecondFactor` would end now, those that are over already left out. */
export async function countSessionsWithoutSecondFactor(
  queries: Queries,
  partnerId: string,
  { now, idleSince }: { readonly now: number; readonly idleSince: number },
): Promise<number> {
  const row = await queries
    .selectFrom('sessions')
    .select((all) => all.fn.countAll<number | string>().as('count'))
    .where('second_factor_at', 'is', null)
    .where('expires_at', '>', now)
    .where('last_seen_at', '>', idleSince)
    .where('user_id', 'in', (query) => askedPeople(query, partnerId, now))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Ends every session of a partner's people; answers how many. */
export async function deleteSessionsOfPartner(tx: Queries, partnerId: string): Promise<number> {
  await detachedGrants(tx)
    .where('user_id', 'in', (query) => query.selectFrom('users').select('id').where('partner_id', '=', partnerId))
    .execute();
  const { numDeletedRows } = await tx
    .deleteFrom('sessions')
    .where('user_id', 'in', (query) => query.selectFrom('users').select('id').where('partner_id', '=', partnerId))
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** What clients were granted beyond a session that has ended by itself: it ends where sessions are ended. */
function detachedGrants(tx: Queries) {
  return tx.deleteFrom('oidc_grants').where('session_id', 'is', null);
}

/** The people of a partner who are exempt now, and until when. */
export async function listExempt(
  queries: Queries,
  partnerId: string,
  now: number,
): Promise<readonly { readonly id: string; readonly exemptUntil: number }[]> {
  const rows = await queries
    .selectFrom('users')
    .select(['id', 'exempt_until'])
    .where('partner_id', '=', partnerId)
    .where('exempt_until', '>', now)
    .execute();
  return rows.map(({ id, exempt_until }) => ({ id, exemptUntil: exempt_until ?? now }));
}

/** Grants, changes or (with `undefined`) ends an exemption. */
export async function setExemption(
  tx: Queries,
  userId: string,
  exemption: { readonly until: number; readonly reason: string } | undefined,
): Promise<void> {
  await tx
    .updateTable('users')
    .set({ exempt_until: exemption?.until ?? null, exempt_reason: exemption?.reason ?? null })
    .where('id', '=', userId)
    .execute();
}

type Query = Pick<ExpressionBuilder<Schema, keyof Schema>, 'selectFrom'>;

/** The ids of a partner's people whom no exemption spares, for `in (…)`. */
function askedPeople(query: Query, partnerId: string, now: number) {
  return query
    .selectFrom('users')
    .select('id')
    .where('partner_id', '=', partnerId)
    .where((either) => either.or([either('exempt_until', 'is', null), either('exempt_until', '<=', now)]));
}
