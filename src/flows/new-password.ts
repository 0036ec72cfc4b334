import { checkPassword, minimumPasswordLength, normalizePassword } from '#core/password.ts';
import { isRefusal, type Refusal } from '#core/result.ts';
import { loadCommonPasswords } from '#crypto/common-passwords.ts';
import type { Env } from '#env.ts';
import type { Partner, User } from '#store/users.ts';
import { sealPassword } from './passwords.ts';

/** Whose password it will be; staff have no partner. */
export type PasswordOwner = Pick<User, 'id' | 'email' | 'name'> & { readonly partner: Partner | undefined };

/** Characters that this person's new password needs: fewer where MFA is enforced, now or from a date. */
export function minimumLengthFor({ partner }: Pick<PasswordOwner, 'partner'>): number {
  return minimumPasswordLength(partner === undefined || partner.policy === 'required');
}

/**
 * Checks a new password against the rule and hashes it: what `users.sealed_password` holds, or why not.
 *
 * Slow, and so never inside a transaction; refuses when the hash queue is full.
 */
export async function hashNewPassword(env: Env, owner: PasswordOwner, password: string): Promise<string | Refusal> {
  const { id, email, name, partner } = owner;
  const refusal = checkPassword(password, {
    minimumLength: minimumLengthFor(owner),
    ownWords: [env.config.productName, email, name, ...(partner ? [partner.name, partner.slug] : [])],
    isCommon: await loadCommonPasswords(),
  });
  if (refusal) return refusal;
  const phc = await env.hasher.hash(normalizePassword(password) ?? '');
  return isRefusal(phc) ? phc : sealPassword(env, id, phc);
}
