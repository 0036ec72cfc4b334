import type { Queries } from '#store/engine/database.ts';
import { type Person, partnerColumns, partnerOf, userColumns, userOf } from './users.ts';

/** What `user list` and the API show of a person. */
export type ListedUser = Person & { readonly enrolledAt: number | undefined };

export async function listUsers(queries: Queries, partnerId?: string): Promise<readonly ListedUser[]> {
  let query = queries
    .selectFrom('users as u')
    .leftJoin('partners as p', 'p.id', 'u.partner_id')
    .leftJoin('authenticators as a', 'a.user_id', 'u.id')
    .select([...userColumns, ...partnerColumns, 'a.created_at as enrolled_at'])
    .orderBy('u.email');
  if (partnerId !== undefined) query = query.where('u.partner_id', '=', partnerId);
  const rows = await query.execute();
  return rows.map((row) => ({ user: userOf(row), partner: partnerOf(row), enrolledAt: row.enrolled_at ?? undefined }));
}
