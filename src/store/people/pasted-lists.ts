import type { Selectable } from 'kysely';
import type { Queries } from '#store/engine/database.ts';
import type { PastedListTable } from './tables.ts';

export type PastedList = Selectable<PastedListTable>;

/** A manager has room for so many lists; a new one replaces the oldest. This bounds the disk, not the work. */
const LISTS_MOST = 5;

export async function createPastedList(tx: Queries, list: PastedList): Promise<void> {
  await tx.insertInto('pasted_lists').values(list).execute();
  const kept = tx.selectFrom('pasted_lists').select('id').where('made_by', '=', list.made_by);
  await tx
    .deleteFrom('pasted_lists')
    .where('made_by', '=', list.made_by)
    .where('id', 'not in', kept.orderBy('id', 'desc').limit(LISTS_MOST))
    .execute();
}

type Whose = { readonly id: string; readonly partnerId: string; readonly madeBy: string; readonly now: number };

/** A list that this manager pasted for this partner, while it is kept. */
export async function findPastedList(
  queries: Queries,
  { id, partnerId, madeBy, now }: Whose,
): Promise<PastedList | undefined> {
  return queries
    .selectFrom('pasted_lists')
    .selectAll()
    .where('id', '=', id)
    .where('partner_id', '=', partnerId)
    .where('made_by', '=', madeBy)
    .where('expires_at', '>', now)
    .executeTakeFirst();
}

/** Somebody on the list of a partner: one of its people, or an invitation of it to somebody with an account elsewhere. */
export type OnList = { readonly id: string; readonly email: string; readonly name: string };

/** Those among these addresses that are on the partner's list. What other partners have is not asked. */
export async function listOnList(
  queries: Queries,
  partnerId: string,
  emails: readonly string[],
): Promise<readonly OnList[]> {
  if (emails.length === 0) return [];
  const among = (table: 'users' | 'outside_invitations') =>
    queries
      .selectFrom(table)
      .select(['id', 'email', 'name'])
      .where('partner_id', '=', partnerId)
      .where('email', 'in', emails);
  return [...(await among('users').execute()), ...(await among('outside_invitations').execute())];
}
