import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Database, Queries } from '#store/engine/database.ts';
import { lockUser } from '#store/engine/locks.ts';
import { userExists } from '#store/people/users.ts';

/** Runs `work` in its own transaction; a refusal rolls everything back and is returned. */
export async function transactionOrRefusal<T>(
  db: Database,
  work: (tx: Queries) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  try {
    return await db.transaction(async (tx) => {
      const outcome = await work(tx);
      if (isRefusal(outcome)) throw new RolledBack(outcome);
      return outcome;
    });
  } catch (error) {
    if (error instanceof RolledBack) return error.refusal;
    throw error;
  }
}

/** The same for the data of one person; other changes to that person run before or after it. */
export function personTransaction<T>(
  db: Database,
  userId: string,
  work: (tx: Queries) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  return transactionOrRefusal(db, async (tx) => {
    await lockUser(tx, userId);
    return work(tx);
  });
}

/**
 * Locks a person who was read before the transaction, and tells whether they still exist. A deletion that committed in
 * between has removed all their data, so nothing more about them may be stored or mailed.
 */
export async function lockIfPresent(tx: Queries, userId: string): Promise<boolean> {
  await lockUser(tx, userId);
  return userExists(tx, userId);
}

/**
 * Runs around the work of an act, in its transaction, so that the caller can add statements before and after it; all of
 * them are committed or rolled back together. Returns what `work` returns, or a refusal.
 */
export type Around<in T> = <Done extends T>(
  tx: Queries,
  work: () => Promise<Done | Refusal>,
) => Promise<Done | Refusal>;

/** Adds nothing. */
export function plainly<Done>(_tx: Queries, work: () => Promise<Done | Refusal>): Promise<Done | Refusal> {
  return work();
}

/** Carries a refusal through the rollback; never thrown outside this file. */
class RolledBack extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.refused);
    this.refusal = refusal;
  }
}

/** Lets others work: reads of SQLite do not give the event loop back by themselves. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
