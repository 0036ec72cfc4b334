import type { Env } from '#env.ts';
import type { User } from '#store/people/users.ts';

/** The PHC string of a user's password; undefined if there is none, or if it does not decrypt (logged). */
export function openPassword(env: Env, { id, sealedPassword }: User): string | undefined {
  if (sealedPassword === undefined) return undefined;
  try {
    return env.keys.open('password', binding(id), sealedPassword).toString();
  } catch (error) {
    env.log.error({ userId: id, err: error }, 'a password string does not decrypt');
    return undefined;
  }
}

/** Whether two reads of a user have the same password. A rotation of keys seals it again, but does not change it. */
export function isSamePassword(env: Env, one: User, other: User): boolean {
  return one.sealedPassword === other.sealedPassword || openPassword(env, one) === openPassword(env, other);
}

/** Seals the hash too, so that a stolen database is not enough to guess passwords. */
export function sealPassword(env: Env, userId: string, phc: string): string {
  return env.keys.seal('password', binding(userId), phc);
}

function binding(userId: string) {
  return { table: 'users', rowId: userId, userId };
}
