import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely';
import type pg from 'pg';
import { StorageUnavailable } from '#store/engine/database.ts';
import { commitError, Interrupted, isConnectionLost, statementError } from './error.ts';
import { isOutdated, type NamedQuery, queryOf } from './statements.ts';

/**
 * Sent with BEGIN in one message. The settings are local to the transaction, so they also work through a pooler that
 * gives the connection to another client between transactions (PgBouncer). Each timeout is shorter than the client's
 * own.
 */
const BEGIN = [
  'begin isolation level read committed',
  "set local statement_timeout = '5s'",
  "set local lock_timeout = '4s'",
  "set local idle_in_transaction_session_timeout = '10s'",
].join('; ');

/** A read runs once more if it lost its connection or its plan was outdated. */
const READ_TRIES = 2;

/** Connections that broke, in use or idle. */
const broken = new WeakSet<pg.ClientBase>();

/** Hands out connections of a pool, each for one transaction or one read. */
export class PostgresDriver implements Driver {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
    // The pool handles errors only of idle connections. Without this listener, one that breaks in use crashes the
    // process.
    pool.on('connect', (client) => client.on('error', () => broken.add(client)));
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.connect();
  }

  /** Takes a client of the pool for each read, or for the transaction that begins on it. */
  connect(): DatabaseConnection {
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

/** One transaction, or reads that each use a client of their own. */
class Connection implements DatabaseConnection {
  readonly #pool: pg.Pool;
  /** Set only in a transaction. */
  #client: pg.PoolClient | undefined;
  /** The answer to the last statement. Answers arrive in the order of the statements. Never rejects. */
  #newest: Promise<unknown> | undefined;
  /** Whether the connection answered since BEGIN: a COMMIT on a dead connection would have an unknown result. */
  #isAnswered = false;
  /** The first error of this transaction. Later errors say only that there was an earlier one. */
  #failure: unknown;
  #isLost = false;
  /** Whether the transaction is ending. A statement sent after COMMIT or ROLLBACK would commit by itself. */
  #isOver = false;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /** BEGIN goes out with the first statement. The answer to that statement counts only if BEGIN succeeded. */
  async begin(): Promise<void> {
    this.#client = await connect(this.#pool);
    writeTogether(this.#client);
    this.#newest = this.#client.query(BEGIN).then(
      () => {
        this.#isAnswered = true;
      },
      (error: unknown) => {
        // The state of the connection is unknown, so nobody else may use it.
        this.#isLost = true;
        this.#failure = statementError(error);
      },
    );
  }

  /**
   * Resolves only after PostgreSQL answered COMMIT without a warning. With a warning ("canceling wait for synchronous
   * replication") a failure of this server may lose the transaction, so its result is unknown and never a success.
   */
  async commit(): Promise<void> {
    const client = this.#inTransaction();
    this.#isOver = true;
    if (!this.#isAnswered) await this.#newest;
    if (this.#failure !== undefined) throw this.#failure;
    if (broken.has(client)) throw new Interrupted('storage unavailable: the connection was lost before COMMIT');
    const warnings: string[] = [];
    const onNotice = ({ code }: { code: string | undefined }): void => void warnings.push(String(code));
    client.on('notice', onNotice);
    writeTogether(client);
    try {
      const { command } = await client.query('commit');
      await this.#newest;
      // PostgreSQL answers COMMIT with ROLLBACK if a statement failed before.
      if (command === 'ROLLBACK') throw this.#failure ?? new Interrupted('storage unavailable: it was rolled back');
      if (command !== 'COMMIT' || this.#failure !== undefined) throw commitError(this.#failure);
    } catch (error) {
      if (error === this.#failure || error instanceof StorageUnavailable) throw error;
      this.#isLost ||= isConnectionLost(error);
      throw commitError(error);
    } finally {
      client.off('notice', onNotice);
    }
    if (warnings.length > 0) throw commitError(new Error(`warning ${warnings.join(', ')} at COMMIT`));
  }

  /** Never throws, because the caller already gets the error that caused the rollback. */
  async rollback(): Promise<void> {
    this.#isOver = true;
    if (this.#client === undefined || this.#isLost) return;
    try {
      await this.#client.query('rollback');
    } catch {
      this.#isLost = true;
    }
  }

  release(): void {
    this.#isOver = true;
    this.#client?.release(this.#isLost);
    this.#client = undefined;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    if (this.#isOver) throw new Error('a statement outside its transaction: await it');
    const result = this.#client === undefined ? await this.#read(sql, parameters) : await this.#send(sql, parameters);
    const { rows, rowCount, command } = result;
    // The typed builder derived the row type from the schema.
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
    const query = queryOf(client, sql, parameters);
    writeTogether(client);
    const answer = client.query(query).catch((error: unknown) => this.#fail(error, query));
    this.#newest = answer.catch(() => {});
    const result = await answer;
    // BEGIN may have failed. Then this statement was not part of a transaction.
    if (this.#failure !== undefined) throw this.#failure;
    return result;
  }

  #fail(error: unknown, query: NamedQuery): never {
    if (isOutdated(error, query)) {
      this.#failure ??= new Interrupted('storage unavailable: a table has changed', { cause: error });
    } else {
      this.#isLost ||= isConnectionLost(error);
      this.#failure ??= statementError(error);
    }
    throw this.#failure;
  }

  async #read(sql: string, parameters: readonly unknown[], tries = READ_TRIES): Promise<pg.QueryResult> {
    // Only a read may run twice.
    if (!/^\s*(select|with|show)\s/i.test(sql)) throw new Error('a write outside a transaction');
    const client = await connect(this.#pool);
    const query = queryOf(client, sql, parameters);
    let isLost = false;
    try {
      return await client.query(query);
    } catch (error) {
      isLost = isConnectionLost(error);
      const mayTryAgain = isLost || isOutdated(error, query);
      if (!mayTryAgain || tries === 1) throw statementError(error);
    } finally {
      client.release(isLost);
    }
    return this.#read(sql, parameters, tries - 1);
  }
}

/** Sends all statements of this turn in one socket write, because writes are half of a node's cost per statement. */
function writeTogether(client: pg.PoolClient): void {
  const { stream } = client.connection;
  if (stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    if (error instanceof StorageUnavailable) throw error;
    const text = 'storage unavailable: no connection to the database';
    // A request that waited until the timeout does not try again. A refused connection may succeed a moment later.
    const waited = error instanceof Error && /^timeout exceeded|connection timeout$/.test(error.message);
    throw waited ? new StorageUnavailable(text, { cause: error }) : new Interrupted(text, { cause: error });
  }
}

function ours(connection: DatabaseConnection): Connection {
  if (!(connection instanceof Connection)) throw new Error('a connection of another driver');
  return connection;
}
