import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely';
import type pg from 'pg';
import { StorageUnavailable } from './database.ts';
import { commitError, Interrupted, isConnectionLost, statementError } from './postgres-error.ts';
import { askOf, isOutdated } from './postgres-statements.ts';

/**
 * Sent with BEGIN in one message, and local to the transaction: a pooler that hands a connection to another client
 * between two transactions (PgBouncer) loses nothing. Each ends before the client's own patience does.
 */
const BEGIN = [
  'begin isolation level read committed',
  "set local statement_timeout = '5s'",
  "set local lock_timeout = '4s'",
  "set local idle_in_transaction_session_timeout = '10s'",
].join('; ');

/** A read that lost its connection, or whose plan was out of date, is asked once more. */
const READ_TRIES = 2;

/** Connections that broke, in use or not. */
const broken = new WeakSet<pg.ClientBase>();

/** Connections of a pool, taken for one transaction or for one read. */
export class PostgresDriver implements Driver {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
    // The pool listens only while nobody uses a connection: one that breaks between two statements would end the process.
    pool.on('connect', (client) => client.on('error', () => broken.add(client)));
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new Connection(this.#pool);
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    ours(connection).release();
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await ours(connection).begin();
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await ours(connection).commit();
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await ours(connection).rollback();
  }

  async destroy(): Promise<void> {
    await this.#pool.end();
  }
}

/** What Kysely holds while it runs one read or one transaction. */
class Connection implements DatabaseConnection {
  readonly #pool: pg.Pool;
  /** In a transaction only. */
  #client: pg.PoolClient | undefined;
  #isLost = false;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async begin(): Promise<void> {
    this.#client = await connect(this.#pool);
    try {
      await this.#client.query(BEGIN);
    } catch (error) {
      // Whatever state it is in, nobody else should find it so.
      this.#isLost = true;
      throw statementError(error);
    }
  }

  /**
   * Answers when PostgreSQL has said COMMIT and nothing else. A warning beside it ("canceling wait for synchronous
   * replication") means that the transaction may be lost with this server: unknown, never success.
   */
  async commit(): Promise<void> {
    const client = this.#inTransaction();
    if (broken.has(client)) throw new Interrupted('storage unavailable: the connection was lost before COMMIT');
    const warnings: string[] = [];
    const onNotice = ({ code }: { code: string | undefined }): void => void warnings.push(String(code));
    client.on('notice', onNotice);
    try {
      const { command } = await client.query('commit');
      // After a failed statement COMMIT is answered with ROLLBACK.
      if (command !== 'COMMIT') throw new Interrupted('storage unavailable: the transaction was rolled back');
    } catch (error) {
      this.#isLost ||= !(error instanceof Interrupted) && isConnectionLost(error);
      throw error instanceof Interrupted ? error : commitError(error);
    } finally {
      client.off('notice', onNotice);
    }
    if (warnings.length > 0) throw commitError(new Error(`warning ${warnings.join(', ')} at COMMIT`));
  }

  /** Never throws: the caller hears of the error that led here. */
  async rollback(): Promise<void> {
    if (this.#client === undefined || this.#isLost) return;
    try {
      await this.#client.query('rollback');
    } catch {
      this.#isLost = true;
    }
  }

  release(): void {
    this.#client?.release(this.#isLost);
    this.#client = undefined;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const result = this.#client === undefined ? await this.#read(sql, parameters) : await this.#send(sql, parameters);
    const { rows, rowCount, command } = result;
    // The type of a row is what the typed builder made of the schema.
    if (command === 'SELECT') return { rows: rows as Row[] };
    return { rows: rows as Row[], numAffectedRows: BigInt(rowCount ?? 0) };
  }

  // biome-ignore lint/correctness/useYield: nothing of ours streams
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('streaming is not supported: read in pages');
  }

  #inTransaction(): pg.PoolClient {
    if (this.#client === undefined) throw new Error('a statement outside its transaction: await it');
    return this.#client;
  }

  async #send(sql: string, parameters: readonly unknown[] = []): Promise<pg.QueryResult> {
    const client = this.#inTransaction();
    const ask = askOf(client, sql, parameters);
    try {
      return await client.query(ask);
    } catch (error) {
      if (isOutdated(error, ask)) throw new Interrupted('storage unavailable: a table has changed', { cause: error });
      this.#isLost ||= isConnectionLost(error);
      throw statementError(error);
    }
  }

  async #read(sql: string, parameters: readonly unknown[], tries = READ_TRIES): Promise<pg.QueryResult> {
    // Only what changes nothing may be asked twice.
    if (!/^\s*(select|with|show)\s/i.test(sql)) throw new Error('a write outside a transaction');
    const client = await connect(this.#pool);
    const ask = askOf(client, sql, parameters);
    let isLost = false;
    try {
      return await client.query(ask);
    } catch (error) {
      isLost = isConnectionLost(error);
      const mayTryAgain = isLost || isOutdated(error, ask);
      if (!mayTryAgain || tries === 1) throw statementError(error);
    } finally {
      client.release(isLost);
    }
    return this.#read(sql, parameters, tries - 1);
  }
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    if (error instanceof StorageUnavailable) throw error;
    const text = 'storage unavailable: no connection to the database';
    // Whoever waited for a connection until patience ended has waited enough; a refused one may be had in a moment.
    const waited = error instanceof Error && /^timeout exceeded|connection timeout$/.test(error.message);
    throw waited ? new StorageUnavailable(text, { cause: error }) : new Interrupted(text, { cause: error });
  }
}

function ours(connection: DatabaseConnection): Connection {
  if (!(connection instanceof Connection)) throw new Error('a connection of another driver');
  return connection;
}
