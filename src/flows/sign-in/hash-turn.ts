import type { AttemptCounter } from '#core/limits/counter-kinds.ts';
import { addressBucket, type Client } from '#core/sessions/client.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Asker } from '#crypto/hash-queue.ts';
import type { Hashing, HashJob } from '#crypto/password-hash.ts';
import type { Env } from '#env.ts';
import type { Queries } from '#store/engine/database.ts';
import { type CountedTry, checkTries, reserveTries } from '#store/limits/attempts.ts';

/** A job of the hash queue, and the counters of its try. */
export type HashTry = {
  readonly asker: Asker;
  readonly kind: HashJob;
  readonly counters: readonly AttemptCounter[];
  /** Set if the limit counts requests, not guesses, because then the text for the person differs. */
  readonly reason?: 'often';
  /** Counts the try, if more than these counters is counted. */
  readonly reserve?: ((tx: Queries, now: number) => Promise<Refusal | readonly CountedTry[]>) | undefined;
};

/** A counted try, and the time. */
export type Counted = { readonly counted: readonly CountedTry[]; readonly at: number };

/**
 * Waits in the hash queue, counts the try when its turn comes, and then hashes.
 *
 * A limit that is already reached refuses before the queue, so that a flood gets no place in it. Nothing is counted
 * while a request waits: a refusal by the queue is no try, and waiting people of one office use up no budget.
 */
export async function countedTurn<T>(
  env: Env,
  { asker, kind, counters, reason, reserve }: HashTry,
  job: (hashing: Hashing, counted: Counted) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const named = (refusal: Refusal): Refusal =>
    reason === undefined || refusal.refused !== 'too_many_attempts' ? refusal : { ...refusal, reason };
  const reached = await checkTries(env.db.read, counters, env.now());
  if (reached) return named(reached);
  return env.hasher.inTurn(asker, kind, async (hashing) => {
    const at = env.now();
    const counted = await count(env, { counters, reserve }, at);
    return isRefusal(counted) ? named(counted) : job(hashing, { counted, at });
  });
}

async function count(
  { db }: Env,
  { counters, reserve = (tx, now) => reserveTries(tx, counters, now) }: Pick<HashTry, 'counters' | 'reserve'>,
  at: number,
): Promise<Refusal | readonly CountedTry[]> {
  return counters.length === 0 ? [] : db.transaction((tx) => reserve(tx, at));
}

/** A client that has proven nothing: anybody can type any email. */
export function strangerAt({ address, hasLeft }: Client): Asker {
  return { address: address && addressBucket(address), ...(hasLeft && { hasLeft }) };
}

export function linkHolderAt(linkId: string, client: Client): Asker {
  return { ...strangerAt(client), share: `link:${linkId}` };
}

/** A person who enters a second factor, or has a session. */
export function personAt(userId: string, client: Client): Asker {
  return { ...strangerAt(client), share: `person:${userId}`, isInside: true };
}
