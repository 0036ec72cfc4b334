import { checkPassword, minimumPasswordLength, normalizePassword } from '#core/people/password.ts';
import type { Refusal } from '#core/values/result.ts';
import { loadCommonPasswords } from '#crypto/common-passwords.ts';
import type { Env } from '#env.ts';
import type { Partner, User } from '#store/people/users.ts';
import { countedTurn, type HashTry } from './hash-turn.ts';
import { sealPassword } from './passwords.ts';

/** Whose password it will be; staff have no partner. */
export type PasswordOwner = Pick<User, 'id' | 'email' | 'name'> & { readonly partner: Partner | undefined };

/** Characters that this person's new password needs: fewer where MFA is enforced, now or from a date. */
export function minimumLengthFor({ partner }: Pick<PasswordOwner, 'partner'>): number {
  return minimumPasswordLength(partner === undefined || partner.policy === 'required');
}

/** Why a new password does not follow the rule, or nothing. Cheap beside a hash, so asked before one. */
export async function checkNewPassword(env: Env, owner: PasswordOwner, password: string): Promise<Refusal | undefined> {
  const { email, name, partner } = owner;
  return checkPassword(password, {
    minimumLength: minimumLengthFor(owner),
    ownWords: [env.config.productName, email, name, ...(partner ? [partner.name, partner.slug] : [])],
    isCommon: await loadCommonPasswords(),
  });
}

/**
 * Checks a new password against the rule, hashes it and hands on what `users.sealed_password` is to hold, or says why not.
 *
 * Slow, and so never inside a transaction; refuses when the hash queue is full. What uses the hash is a part of the same
 * job: the next one with the same link finds it used up, and hashes nothing.
 *
 * @param turn whose share of the queue it takes, and what counts a password that is hashed
 */
export async function hashNewPassword<T>(
  env: Env,
  owner: PasswordOwner,
  password: string,
  turn: Pick<HashTry, 'asker' | 'counters' | 'reserve'>,
  use: (sealedPassword: string) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const refusal = await checkNewPassword(env, owner, password);
  if (refusal) return refusal;
  const normal = normalizePassword(password) ?? '';
  return countedTurn(env, { ...turn, kind: 'password', reason: 'often' }, async (hashing) =>
    use(sealPassword(env, owner.id, await hashing.hash(normal))),
  );
}
