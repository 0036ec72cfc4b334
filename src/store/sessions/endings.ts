import { type ExpressionBuilder, sql } from 'kysely';
import type { Queries, Schema } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import { detachGrants } from '#store/oidc/grants.ts';

/** Deletes one session; returns the number of rows, so that a second caller sees 0. */
export async function deleteSession(tx: Queries, id: string, userId: string): Promise<number> {
  return deleteOne.run(tx, { id, userId });
}

const deleteOne = statement((db: Queries, p: Param<{ id: string; userId: string }>) =>
  db.deleteFrom('sessions').where('id', '=', p.id).where('user_id', '=', p.userId),
);

/** Deletes a person's sessions that were opened on one known device; returns how many. */
export async function deleteSessionsOnDevice(tx: Queries, userId: string, deviceId: string): Promise<number> {
  const opened = tx.deleteFrom('sessions').where('user_id', '=', userId).where('device_id', '=', deviceId);
  return Number((await opened.executeTakeFirst()).numDeletedRows);
}

/** A person, the people of a partner, or only those who are not exempt at that time. */
type Whose = { readonly userId: string } | { readonly partnerId: string; readonly notExemptAt?: number };

/**
 * Which sessions: all except one, only those by the password alone, or those without a passkey. A session that a trusted
 * device opened is not by the password alone: the partner allows it, whatever the policy requires. A grant that outlived
 * it is.
 */
type Which = { readonly keepId?: string; readonly passwordOnly?: boolean; readonly withoutPasskey?: boolean };

/** Whether no passkey took part: `acrOf` of core/authenticators/assurance.ts in SQL. */
const hasNoPasskey = sql<boolean>`' ' || amr || ' ' not like '% hwk %' and ' ' || amr || ' ' not like '% swk %'`;

/** Deletes sessions, and the grants of clients that outlived a session; returns how many sessions. */
export async function endSessions(
  tx: Queries,
  whose: Whose,
  { keepId = '', passwordOnly = false, withoutPasskey = false }: Which = {},
): Promise<number> {
  const theirs = (query: Query) => peopleOf(query, whose);
  // These grants outlived their session. Deleting the person's sessions deletes them too.
  const grants = tx.deleteFrom('oidc_grants').where('session_id', 'is', null).where('user_id', 'in', theirs);
  await grants
    .$if(passwordOnly, (these) => these.where('amr', '=', 'pwd'))
    .$if(withoutPasskey, (these) => these.where(hasNoPasskey))
    .execute();
  const all = tx.deleteFrom('sessions').where('user_id', 'in', theirs).where('id', '!=', keepId);
  const sessions = all
    .$if(passwordOnly, (these) => these.where('second_factor_at', 'is', null).where('trusted_device_id', 'is', null))
    .$if(withoutPasskey, (these) => these.where(hasNoPasskey));
  return Number((await sessions.executeTakeFirst()).numDeletedRows);
}

/** Makes sessions by the password alone expire at `capAt` at the latest. If that is past, they have expired. */
export async function capPasswordSessions(tx: Queries, whose: Whose, capAt: number): Promise<void> {
  await tx
    .updateTable('sessions')
    .set({ expires_at: capAt })
    .where('second_factor_at', 'is', null)
    .where('trusted_device_id', 'is', null)
    .where('expires_at', '>', capAt)
    .where('user_id', 'in', (query) => peopleOf(query, whose))
    .execute();
}

/** The same for sessions of a partner's people in which no passkey took part. */
export async function capSessionsWithoutPasskey(tx: Queries, partnerId: string, capAt: number): Promise<void> {
  await tx
    .updateTable('sessions')
    .set({ expires_at: capAt })
    .where(hasNoPasskey)
    .where('expires_at', '>', capAt)
    .where('user_id', 'in', (query) => peopleOf(query, { partnerId }))
    .execute();
}

type Alive = { readonly now: number; readonly idleSince: number };

/** How many live sessions of a partner's people have no passkey. */
export async function countSessionsWithoutPasskey(
  queries: Queries,
  partnerId: string,
  { now, idleSince }: Alive,
): Promise<number> {
  const row = await queries
    .selectFrom('sessions')
    .select((all) => all.fn.countAll<number | string>().as('count'))
    .where(hasNoPasskey)
    .where('expires_at', '>', now)
    .where('last_seen_at', '>', idleSince)
    .where('user_id', 'in', (query) => peopleOf(query, { partnerId }))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** How many sessions by the password alone `endSessions` would delete now, without expired ones. */
export async function countPasswordSessions(
  queries: Queries,
  whose: Whose,
  { now, idleSince }: { readonly now: number; readonly idleSince: number },
): Promise<number> {
  const row = await queries
    .selectFrom('sessions')
    .select((all) => all.fn.countAll<number | string>().as('count'))
    .where('second_factor_at', 'is', null)
    .where('trusted_device_id', 'is', null)
    .where('expires_at', '>', now)
    .where('last_seen_at', '>', idleSince)
    .where('user_id', 'in', (query) => peopleOf(query, whose))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/**
 * Deletes the expired sessions and pending sign-ins of a partner, so that the count of the next deletion has only live
 * ones.
 *
 * @param idleSince sessions without use since then have expired
 */
export async function deleteOverOfPartner(
  tx: Queries,
  partnerId: string,
  { now, idleSince }: { now: number; idleSince: number },
): Promise<void> {
  const over = await tx
    .selectFrom('sessions')
    .select('id')
    .where((or) => or.or([or('expires_at', '<=', now), or('last_seen_at', '<=', idleSince)]))
    .where('user_id', 'in', (query) => peopleOf(query, { partnerId }))
    .execute();
  const ids = over.map(({ id }) => id);
  await detachGrants(tx, ids);
  if (ids.length > 0) await tx.deleteFrom('sessions').where('id', 'in', ids).execute();
  await tx
    .deleteFrom('pending_sign_ins')
    .where('expires_at', '<=', now)
    .where('completed_at', 'is', null)
    .where('user_id', 'in', (query) => peopleOf(query, { partnerId }))
    .execute();
}

export type Query = Pick<ExpressionBuilder<Schema, keyof Schema>, 'selectFrom'>;

/** Their ids, for `in (…)`. */
export function peopleOf(query: Query, whose: Whose) {
  const users = query.selectFrom('users').select('id');
  if ('userId' in whose) return users.where('id', '=', whose.userId);
  const people = users.where('partner_id', '=', whose.partnerId);
  const { notExemptAt } = whose;
  if (notExemptAt === undefined) return people;
  return people.where((or) => or.or([or('exempt_until', 'is', null), or('exempt_until', '<=', notExemptAt)]));
}
