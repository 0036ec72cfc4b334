import type { AttemptCounter } from '#core/limits/counter-kinds.ts';
import { giveBackTry, PENDING_TRIES } from '#core/limits/throttle.ts';
import type { Client } from '#core/sessions/client.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Queries } from '#store/engine/database.ts';
import { lockUser } from '#store/engine/locks.ts';
import { findRows } from '#store/limits/attempt-rows.ts';
import { type CountedTry, changeTries, reserveTries } from '#store/limits/attempts.ts';
import type { User } from '#store/people/users.ts';
import type { PendingSignIn } from '#store/sign-in/pending-sign-ins.ts';
import { reservePendingTry, returnPendingTry } from '#store/sign-in/pending-tries.ts';

/** One try of a second factor: by whom, and whether at sign-in or as a step-up in a session. */
export type FactorAttempt = {
  readonly user: User;
  readonly deviceId: string | undefined;
  readonly client: Client;
  /** Absent for a step-up. */
  readonly pending?: PendingSignIn;
  /** For a step-up: checks in the transaction that counts the try that the session still exists. */
  readonly confirm?: (tx: Queries) => Promise<void>;
};

/** Counts a try before the comparison: in all of its counters or in none. */
export async function reserveProof(
  tx: Queries,
  attempt: FactorAttempt,
  counters: readonly AttemptCounter[],
  now: number,
): Promise<Refusal | readonly CountedTry[]> {
  const { pending, user } = attempt;
  await lockUser(tx, user.id);
  await attempt.confirm?.(tx);
  const [isReserved, rows] = await Promise.all([
    pending === undefined || reservePendingTry(tx, pending.id, PENDING_TRIES, now),
    findRows(tx, counters),
  ]);
  if (pending && !isReserved) {
    // The sign-in has expired or has no tries left. The person can begin a new one at once.
    return pending.expiresAt <= now
      ? refuse('sign_in_expired')
      : refuse('too_many_attempts', {
          reason: 'sign_in_again',
          retryAfterSeconds: 1,
          limitedBy: `pending:${pending.id}`,
        });
  }
  const counted = await reserveTries(tx, counters, now, rows);
  if (isRefusal(counted) && pending) await returnPendingTry(tx, pending.id);
  return counted;
}

/** After a success the try no longer counts in the budgets, and the failure streak is over. */
export async function giveBackTries(tx: Queries, counted: readonly CountedTry[], reservedAt: number): Promise<void> {
  for (const { key, rule, row } of counted) {
    await changeTries(tx, key, (state) => giveBackTry(rule, state, reservedAt), reservedAt, row);
  }
}
