import { countersToUnlock } from '#core/limits/counter-kinds.ts';
import { reserveTry } from '#core/limits/throttle.ts';
import { isRefusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { counterOwnersOf } from '#flows/sign-in/attempt-counters.ts';
import { findTries } from '#store/limits/attempts.ts';

/** What a person has to wait for, or cannot do any more, because of wrong passwords or codes. */
export type Lockout = {
  readonly what: 'password' | 'code' | 'recovery' | 'other';
  /** Time ends a wait; only an act ends the other two. */
  readonly how: 'waits' | 'closed' | 'disabled';
  readonly seconds: number;
  /** Only on devices that are not known for this person. */
  readonly isElsewhere: boolean;
};

/** The lockouts of a person, as the rules would answer a try now. Nothing is counted. */
export async function readLockouts(
  env: Env,
  { id, email }: { readonly id: string; readonly email: string },
): Promise<readonly Lockout[]> {
  const { read } = env.db;
  const now = env.now();
  const lockouts: Lockout[] = [];
  for (const { key, rule } of countersToUnlock(await counterOwnersOf(env, read, id, [email]))) {
    const tries = await findTries(read, key);
    const answer = tries && reserveTry(rule, tries, now);
    if (!isRefusal(answer)) continue;
    lockouts.push({
      what: whatOf(key),
      how: answer.refused === 'authenticator_disabled' ? 'disabled' : answer.reason === 'closed' ? 'closed' : 'waits',
      seconds: answer.retryAfterSeconds ?? 0,
      isElsewhere: key.endsWith(':unknown') || key.startsWith('password:'),
    });
  }
  return lockouts;
}

function whatOf(key: string): Lockout['what'] {
  if (key.startsWith('password')) return 'password';
  if (key.startsWith('code:')) return 'code';
  return key.startsWith('recovery:') ? 'recovery' : 'other';
}
