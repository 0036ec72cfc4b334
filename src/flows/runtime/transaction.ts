import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Database, Queries } from '#store/engine/database.ts';
import { lockUser } from '#store/engine/locks.ts';

/** Runs `work` in a transaction of its own; a refusal rolls everything back and is the answer. */
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

/** The same for what belongs to one person: whatever else changes it has been before, or comes after. */
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
 * Runs around the work of an act, in the transaction of the act: so its caller adds statements before and after it, and all
 * of them are committed or rolled back together. It answers what `work` answers, or refuses.
 */
export type Around<in T> = <Done extends T>(
  tx: Queries,
  work: () => Promise<Done | Refusal>,
) => Promise<Done | Refusal>;

/** Adds nothing. */
export function plainly<Done>(_tx: Queries, work: () => Promise<Done | Refusal>): Promise<Done | Refusal> {
  return work();
}

/** Carries a refusal through the rollback; never leaves this file. */
class RolledBack extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.refused);
    this.refusal = refusal;
  }
}
