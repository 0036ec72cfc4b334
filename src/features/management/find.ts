import type { Env } from '#env.ts';
import { listUsersAfter } from '#store/partners/management-lists.ts';
import type { ListedUser } from '#store/people/people-pages.ts';

/** A user of a partner. Staff are nobody here: no key touches them. */
export async function findUser(env: Env, id: string): Promise<ListedUser | undefined> {
  const [user] = await listUsersAfter(env.db.read, { id }, { afterId: '', limit: 1 });
  return user;
}
