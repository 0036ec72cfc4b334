import { normalizeRecoveryCode } from '#core/authenticators/recovery-code.ts';
import { isRefusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { recoveryTags } from '#flows/authenticators/check-recovery-code.ts';
import { seedUsers } from './seed.ts';

/** A person with an authenticator and ten recovery codes. Using a code removes it. */
export type SoakPerson = { readonly email: string; readonly secret: Buffer; readonly codes: string[] };

const CODES = Array.from('0123456789', (digit) => `${digit}AKE-N0TF-R0MA-PR0${digit}`);

export async function seedSoak(env: Env, count: number): Promise<SoakPerson[]> {
  const users = await seedUsers(env, count, { sessions: 0, pendings: count });
  // Ten hashes for everyone. Their tags differ per person.
  const hashes = await env.hasher.inTurn({}, 'codes', (hashing) => hashing.hashCodes(CODES.map(plain)));
  if (isRefusal(hashes)) throw new Error('the hash queue is full');
  for (const { userId } of users) {
    const setId = env.newId();
    const set = { id: setId, user_id: userId, created_at: env.now(), sealed_copy: null, copy_expires_at: null };
    const rows = hashes.map((hash, index) => {
      const [tag = ''] = recoveryTags(env, userId, plain(CODES[index] ?? ''));
      return { id: env.newId(), set_id: setId, user_id: userId, tag, hash, used_at: null };
    });
    await env.db.transaction(async (tx) => {
      await tx.insertInto('recovery_code_sets').values(set).execute();
      await tx.insertInto('recovery_codes').values(rows).execute();
    });
  }
  return users.map(({ email, secret }) => ({ email, secret, codes: [...CODES] }));
}

function plain(code: string): string {
  return normalizeRecoveryCode(code) ?? '';
}
