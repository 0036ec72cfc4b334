import pg from 'pg';
import { StorageUnavailable } from '#store/engine/database.ts';

/**
 * The work was cut short and nothing of it is kept: it may be done again from its beginning.
 *
 * Still an error like any other for who asks last: HTTP answers 503.
 */
export class Interrupted extends StorageUnavailable {}

/** Classes of SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html) after which the connection is of no use. */
const CONNECTION_CLASSES: readonly string[] = ['08', '57P'];

/** What another transaction did to this one: it was rolled back, and may be tried again. */
const RACES: readonly string[] = [
  '40001', // serialization_failure
  '40P01', // deadlock_detected
];

/** The server cannot do what it was asked to do, whatever the statement. */
const STORAGE: readonly string[] = [
  '25006', // read_only_sql_transaction: a standby, or a primary that was told to stop
  '25P02', // in_failed_sql_transaction: something before it failed
  '25P03', // idle_in_transaction_session_timeout
  '53', // insufficient resources: disk full, out of memory, too many connections
  '55P03', // lock_not_available: lock_timeout
  '57014', // query_canceled: statement_timeout
  '58', // system error: I/O
  'XX', // internal error, corrupted data or index
];

/** Whether the connection can be used again after this error. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return true;
  return begins(error.code, CONNECTION_CLASSES);
}

/**
 * What an error of a statement means for who called: `Interrupted` where the transaction may be tried again,
 * `StorageUnavailable` where the server is away or unwell, else the error itself, which is a bug.
 *
 * Tells PostgreSQL's SQLSTATE and nothing of ours: no SQL, value or path.
 */
export function statementError(error: unknown): unknown {
  if (error instanceof StorageUnavailable) return error;
  if (!(error instanceof pg.DatabaseError)) {
    return new Interrupted('storage unavailable: the connection was lost', { cause: error });
  }
  const text = `storage unavailable: SQLSTATE ${error.code}`;
  if (begins(error.code, [...RACES, ...CONNECTION_CLASSES])) return new Interrupted(text, { cause: error });
  return begins(error.code, STORAGE) ? new StorageUnavailable(text, { cause: error }) : error;
}

/**
 * What an error of COMMIT means. Only a refusal by SQLSTATE class 40 says that nothing is kept; after anything else
 * the transaction may be kept or not, and must not be tried again.
 */
export function commitError(error: unknown): StorageUnavailable {
  if (error instanceof pg.DatabaseError && begins(error.code, RACES)) {
    return new Interrupted(`storage unavailable: SQLSTATE ${error.code}`, { cause: error });
  }
  return new StorageUnavailable('storage unavailable: whether the commit is kept is unknown', { cause: error });
}

function begins(code: string | undefined, starts: readonly string[]): boolean {
  return starts.some((start) => code?.startsWith(start));
}
