import type { Env } from '#env.ts';
import type { User } from '#store/people/users.ts';

/** The PHC string of a user's password; undefined when there is none, or when it does not open (that is logged). */
export function openPassword(env: Env, { id, sealedPassword }: User): string | undefined {
  if (sealedPassword === undefined) return undefined;
  try {
    return env.keys.open('password', binding(id), sealedPassword).toString();
  } catch (error) {
    env.log.error({ userId: id, err: error }, 'a password string does not decrypt');
    return undefined;
  }
}

/**
 * Whether two readings of a user hold the same password. Resealed by a rotation of keys, it is still the same.
 */
export function isSamePassword(env: Env, one: User, other: User): boolean {
  return one.sealedPassword === other.sealedPassword || openPassword(env, one) === openPassword(env, other);
}

/** A stolen database is not enough to guess at passwords: the hash itself is sealed. */
export function sealPassword(env: Env, userId: string, phc: string): string {
  return env.keys.seal('password', binding(userId), phc);
}

function binding(userId: string) {
  return { table: 'users', rowId: userId, userId };
}
