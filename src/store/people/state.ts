import { type ExpressionBuilder, sql } from 'kysely';
import type { PersonState } from '#core/people/state.ts';
import type { Schema } from '#store/engine/database.ts';

/**
 * `core/people/state.ts` in SQL: conditions on `users as u` and, left-joined where staff are among them, `partners as p`.
 *
 * Plain tests of columns, so that the partial indexes `users_disabled` and `users_invited` serve them.
 */
export const isOpen = sql<boolean>`(u.disabled_at is null and p.archived_at is null)`;

/** Every list, count, filter and export that asks for a state asks with this. */
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
 * The ids of everybody who is `disabled`, for a list of all partners: each of the two reasons is found by its own index. As
 * one condition with `or`, the database would read every person.
 */
export function disabledIds(query: Pick<ExpressionBuilder<Schema, keyof Schema>, 'selectFrom'>) {
  const archived = query.selectFrom('partners').select('id').where('archived_at', 'is not', null);
  const ofArchived = query.selectFrom('users').select('id').where('partner_id', 'in', archived);
  // `union all`: a person with both reasons is matched once by `in` anyway, and SQLite need not sort to remove the second.
  return query.selectFrom('users').select('id').where('disabled_at', 'is not', null).unionAll(ofArchived);
}
