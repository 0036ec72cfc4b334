import type { DatabaseConnection } from 'kysely';
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

/**
 * The same connection, which reports each query to its listeners. Without a listener when the database is opened,
 * it stays as it is.
 */
export function watchedReads(connection: DatabaseConnection): DatabaseConnection {
  if (!reads.isHeard()) return connection;
  return {
    executeQuery: (query) => reads.around({}, () => connection.executeQuery(query)),
    streamQuery: (query, chunkSize) => connection.streamQuery(query, chunkSize),
  };
}
