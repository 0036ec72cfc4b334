import { type TransactionSignal, transactions } from '#signals.ts';
import type { Database } from './database.ts';

/** The same database, which reports each transaction to its listeners. */
export function watchedDatabase(db: Database): Database {
  return {
    ...db,
    transaction(work) {
      if (!transactions.isHeard()) return db.transaction(work);
      const signal: TransactionSignal = {};
      return transactions.around(signal, () =>
        db.transaction((tx) => {
          signal.tx = tx;
          return work(tx);
        }),
      );
    },
  };
}
