import type { LogConfig } from 'kysely';
import { reads, type TransactionSignal, transactions } from '#signals.ts';
import type { Database } from './database.ts';

/** The same database, which reports each transaction to its listeners. */
export function watchedDatabase(db: Database): Database {
  return {
    ...db,
    transaction(work) {
      if (!transactions.isHeard()) return db.transaction(work);
      const told: TransactionSignal = {};
      return transactions.around(told, () =>
        db.transaction((tx) => {
          told.tx = tx;
          return work(tx);
        }),
      );
    },
  };
}

/** For the connections that `Database.read` uses: Kysely measures only where somebody listens when they are opened. */
export function readLog(): { readonly log?: LogConfig } {
  if (!reads.isHeard()) return {};
  return {
    log(event) {
      if (event.level === 'query') reads.tell({ milliseconds: event.queryDurationMillis });
    },
  };
}
