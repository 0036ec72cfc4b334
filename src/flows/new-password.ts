import { checkPassword, minimumPasswordLength, normalizePassword } from '#core/password.ts';
import { isRefusal, type Refusal } from '#core/result.ts';
import { loadCommonPasswords } from '#crypto/common-passwords.ts';
import type { Env } from '#env.ts';
import type { Partner, User } from '#store/users.ts';
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
 * Checks a new password against the rule and hashes it: what `users.sealed_password` holds, or why not.
 *
 * Slow, and so never inside a transaction; refuses when the hash queue is full.
 *
 * @param turn whose share of the queue it takes, and what counts a password that is hashed
 */
export async function hashNewPassword(
  env: Env,
  owner: PasswordOwner,
  password: string,
  turn: Pick<HashTry, 'asker' | 'lanes'>,
): Promise<string | Refusal> {
  const refusal = await checkNewPassword(env, owner, password);
  if (refusal) return refusal;
  const normal = normalizePassword(password) ?? '';
  const phc = await countedTurn(env, { ...turn, kind: 'password', reason: 'often' }, (hashing) => hashing.hash(normal));
  return isRefusal(phc) ? phc : sealPassword(env, owner.id, phc);
}
