import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { CompiledQuery, QueryResult } from 'kysely';
import { StorageUnavailable } from '#store/engine/database.ts';

/** Bounds the memory of a connection, because each length of a list makes another query text. */
const MOST_PREPARED = 500;

export type RunQuery = (query: CompiledQuery) => QueryResult<unknown>;

/** Runs compiled queries on one connection and prepares each SQL text once. */
export function queryRunner(sqlite: DatabaseSync): RunQuery {
  const prepared = new Map<string, Prepared>();

  function prepare(text: string): Prepared {
    const statement = sqlite.prepare(text);
    const oldest = prepared.size < MOST_PREPARED ? undefined : prepared.keys().next().value;
    if (oldest !== undefined) prepared.delete(oldest);
    const names = namesOf(statement);
    // An array costs half of an object with the same columns, whose properties SQLite adds by name.
    statement.setReturnArrays(true);
    const made = { statement, names };
    prepared.set(text, made);
    return made;
  }

  return ({ sql, parameters }) => {
    try {
      const found = prepared.get(sql) ?? prepare(sql);
      const { statement } = found;
      // node:sqlite refuses values that it cannot bind: booleans, undefined, dates.
      const values = parameters as SQLInputValue[];
      if (found.names.length > 0) return { rows: rowsOf(found, values) };
      return { rows: [], numAffectedRows: BigInt(statement.run(...values).changes) };
    } catch (error) {
      throw isStorageError(error) ? storageError(error) : error;
    }
  };
}

/**
 * Runs reads on the writing connection while it has no open transaction, because its cache is warm. Each commit empties
 * the caches of all other connections.
 *
 * Each text runs on the read-only connection first, which refuses a write.
 */
export function readRunner(reader: DatabaseSync, writer: DatabaseSync): RunQuery {
  const runCold = queryRunner(reader);
  const runWarm = queryRunner(writer);
  const reads = new Set<string>();
  return (query) => {
    if (reads.has(query.sql) && writer.isOpen && !writer.isTransaction) return runWarm(query);
    const result = runCold(query);
    if (reads.size < MOST_PREPARED) reads.add(query.sql);
    return result;
  };
}

type Prepared = { readonly statement: StatementSync; names: readonly string[] };

function namesOf(statement: StatementSync): readonly string[] {
  return statement.columns().map(({ name }) => name);
}

function rowsOf(prepared: Prepared, values: readonly SQLInputValue[]): object[] {
  const { statement } = prepared;
  const rows: readonly unknown[] = statement.all(...values);
  // Another process has added a column since `select *` was prepared, and SQLite prepared it again by itself.
  if (Array.isArray(rows[0]) && rows[0].length !== prepared.names.length) prepared.names = namesOf(statement);
  return rows.map((row) => rowOf(prepared.names, row));
}

function rowOf(names: readonly string[], values: unknown): object {
  if (!Array.isArray(values)) throw new Error('node:sqlite returned no array');
  const row: Record<string, unknown> = {};
  for (let index = 0; index < names.length; index += 1) row[names[index] ?? ''] = values[index];
  return row;
}

/** The error that HTTP answers with 503. It contains only SQLite's fixed text for its code. */
export function storageError(error: unknown): StorageUnavailable {
  if (error instanceof StorageUnavailable) return error;
  const reason = error instanceof Error && 'errstr' in error ? error.errstr : 'the database is away';
  return new StorageUnavailable(`storage unavailable: ${reason}`, { cause: error });
}

/** Primary result codes (https://sqlite.org/rescode.html) that concern the storage and not the statement. */
const STORAGE_CODES: ReadonlySet<number> = new Set([
  5, // BUSY
  6, // LOCKED
  7, // NOMEM
  8, // READONLY
  9, // INTERRUPT
  10, // IOERR
  11, // CORRUPT
  13, // FULL
  14, // CANTOPEN
  15, // PROTOCOL
  26, // NOTADB
]);

function isStorageError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // node:sqlite throws this when the connection is closed.
  if ('code' in error && error.code === 'ERR_INVALID_STATE') return true;
  // The low byte of an extended code is its primary code.
  return 'errcode' in error && typeof error.errcode === 'number' && STORAGE_CODES.has(error.errcode & 0xff);
}
