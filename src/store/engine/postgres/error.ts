import pg from 'pg';
import { StorageUnavailable } from '#store/engine/database.ts';

/**
 * The work was interrupted and nothing was stored, so it can run again from the start.
 *
 * If no try succeeds, it is an error like any other: HTTP answers 503.
 */
export class Interrupted extends StorageUnavailable {}

/** SQLSTATE classes of lost connections (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
const CONNECTION_CLASSES: readonly string[] = ['08', '57P'];

/** Conflicts with another transaction: this one was rolled back and can run again. */
const RACES: readonly string[] = [
  '40001', // serialization_failure
  '40P01', // deadlock_detected
];

/** The server cannot work now, whatever the statement is. */
const STORAGE: readonly string[] = [
  '25006', // read_only_sql_transaction: a standby, or a primary that is being stopped
  '25P02', // in_failed_sql_transaction: an earlier statement failed
  '25P03', // idle_in_transaction_session_timeout
  '53', // insufficient resources: disk full, out of memory, too many connections
  '55P03', // lock_not_available: lock_timeout
  '57014', // query_canceled: statement_timeout
  '58', // system error: I/O
  'XX', // internal error, corrupted data or index
];

/** Whether the connection is unusable after this error. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return true;
  return begins(error.code, CONNECTION_CLASSES);
}

/**
 * What a statement's error means for the caller: `Interrupted` if the transaction can run again, `StorageUnavailable`
 * if the server is down or faulty; any other error is a bug and stays as it is.
 *
 * The text contains only PostgreSQL's SQLSTATE: no SQL, value or path.
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
 * What an error of COMMIT means. Only SQLSTATE class 40 proves that nothing was stored. After any other error the
 * transaction may be stored, so it must not run again.
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
