import { checkPassword, minimumPasswordLength, normalizePassword } from '#core/people/password.ts';
import type { Refusal } from '#core/values/result.ts';
import { loadCommonPasswords } from '#crypto/common-passwords.ts';
import type { Env } from '#env.ts';
import type { Partner, User } from '#store/people/users.ts';
import { countedTurn, type HashTry } from './hash-turn.ts';
import { sealPassword } from './passwords.ts';

/** The future owner of a password; staff have no partner. */
export type PasswordOwner = Pick<User, 'id' | 'email' | 'name'> & { readonly partner: Partner | undefined };

/** The minimum length of this person's new password: shorter if MFA is required, now or from a date. */
export function minimumLengthFor({ partner }: Pick<PasswordOwner, 'partner'>): number {
  return minimumPasswordLength(partner === undefined || partner.policy === 'required');
}

/** Why a new password breaks the rule, or `undefined`. It is cheap, so it runs before a hash. */
export async function checkNewPassword(env: Env, owner: PasswordOwner, password: string): Promise<Refusal | undefined> {
  const { email, name, partner } = owner;
  return checkPassword(password, {
    minimumLength: minimumLengthFor(owner),
    ownWords: [env.brand().name, email, name, ...wordsOf(partner)],
    isCommon: await loadCommonPasswords(),
  });
}

function wordsOf(partner: Partner | undefined): readonly string[] {
  if (partner === undefined) return [];
  const { name, slug, look } = partner;
  return look?.name === undefined ? [name, slug] : [name, slug, look.name];
}

/**
 * Checks a new password, hashes it and passes the value for `users.sealed_password` to `use`, or refuses.
 *
 * It is slow, so it never runs inside a transaction; it refuses when the hash queue is full. `use` is part of the same
 * job, so a second request with the same link finds the link used and hashes nothing.
 *
 * @param turn whose share of the queue it uses, and how to count a password that is hashed
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
