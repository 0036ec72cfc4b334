import type { Queries, UserTable } from './database.ts';

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

/** Changes the role of a member of staff; false when it was another one meanwhile, or this one already. */
export async function setStaffRole(
  tx: Queries,
  userId: string,
  change: { readonly from: UserTable['role']; readonly to: 'csm' | 'admin' },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('users')
    .set({ role: change.to })
    .where('id', '=', userId)
    .where('role', '=', change.from)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}
