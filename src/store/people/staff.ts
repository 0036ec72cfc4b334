import type { Queries } from '#store/engine/database.ts';

/** How many others are administrators who can sign in. */
export async function countOtherAdministrators(queries: Queries, exceptId: string): Promise<number> {
  const row = await queries
    .selectFrom('users')
    .select((all) => all.fn.countAll<number | string>().as('count'))
    .where('role', '=', 'admin')
    .where('disabled_at', 'is', null)
    .where('sealed_password', 'is not', null)
    .where('id', '!=', exceptId)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}
