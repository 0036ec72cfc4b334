import { type ExpressionBuilder, sql } from 'kysely';
import type { AuthenticatorKind } from '#core/authenticators/factors.ts';
import type { PersonState } from '#core/people/state.ts';
import type { Schema } from '#store/engine/database.ts';

/**
 * `core/people/state.ts` in SQL: conditions on `users as u` and `partners as p`, which is left-joined if staff are
 * included.
 *
 * Plain tests of columns, so that the partial indexes `users_disabled` and `users_invited` can serve them.
 */
export const isOpen = sql<boolean>`(u.disabled_at is null and p.archived_at is null)`;

/** Every list, count, filter and export uses this condition for a state. */
export function isInState(state: PersonState) {
  switch (state) {
    case 'disabled':
      return sql<boolean>`(u.disabled_at is not null or p.archived_at is not null)`;
    case 'invited':
      return sql<boolean>`(${isOpen} and u.sealed_password is null)`;
    case 'active':
      return sql<boolean>`(${isOpen} and u.sealed_password is not null)`;
  }
}

/**
 * The ids of all `disabled` people, for a list over all partners. Each of the two reasons uses its own index. With one
 * `or` condition, the database would read every person.
 */
export function disabledIds(query: Pick<ExpressionBuilder<Schema, keyof Schema>, 'selectFrom'>) {
  const archived = query.selectFrom('partners').select('id').where('archived_at', 'is not', null);
  const ofArchived = query.selectFrom('users').select('id').where('partner_id', 'in', archived);
  // `union all` saves SQLite a sort. `in` matches a person with both reasons only once anyway.
  return query.selectFrom('users').select('id').where('disabled_at', 'is not', null).unionAll(ofArchived);
}

/** Whether the person has an authenticator. A join would repeat a person who has several. */
export const isEnrolled = sql<boolean>`exists (select 1 from authenticators a where a.user_id = u.id)`;

export const isMissing = sql<boolean>`not ${isEnrolled}`;

/** How many authenticator apps and passkeys the person has. PostgreSQL returns a text. */
export const appCount = authenticatorCount('totp');
export const passkeyCount = authenticatorCount('passkey');

function authenticatorCount(kind: AuthenticatorKind) {
  return sql<
    number | string
  >`(select count(*) from authenticators a where a.user_id = u.id and a.kind = ${sql.lit(kind)})`;
}

/** Whether the person has a passkey. */
export const hasPasskey = sql<boolean>`exists (select 1 from passkeys k where k.user_id = u.id)`;

/** `enrolledAt` of `core/authenticators/factors.ts` in SQL. */
export const enrolledAt = sql<number | null>`(select min(a.created_at) from authenticators a where a.user_id = u.id)`;
