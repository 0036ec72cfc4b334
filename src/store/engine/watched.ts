import type { LogConfig } from 'kysely';
import { reads, type TransactionSignal, transactions } from '#signals.ts';
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

/** For `Database.read`. Kysely measures reads only if a listener exists when the database is opened. */
export function readLog(): { readonly log?: LogConfig } {
  if (!reads.isHeard()) return {};
  return {
    log(event) {
      if (event.level === 'query') reads.tell({ milliseconds: event.queryDurationMillis });
    },
  };
}
