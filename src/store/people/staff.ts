import type { Queries } from '#store/engine/database.ts';
import { isInState } from './state.ts';

/** How many others are administrators who can sign in. */
export async function countOtherAdministrators(queries: Queries, exceptId: string): Promise<number> {
  const row = await queries
    .selectFrom('users as u')
    .leftJoin('partners as p', 'p.id', 'u.partner_id')
    .select((all) => all.fn.countAll<number | string>().as('count'))
    .where('u.role', '=', 'admin')
    .where(isInState('active'))
    .where('u.id', '!=', exceptId)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}
