import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely';
import type pg from 'pg';
import { StorageUnavailable } from '#store/engine/database.ts';
import { commitError, Interrupted, isConnectionLost, statementError } from './error.ts';
import { isOutdated, type NamedQuery, queryOf } from './statements.ts';

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
  /** What was sent last: answers come in the order of what was asked. Never rejects. */
  #newest: Promise<unknown> | undefined;
  /** Whether the connection was seen to work since BEGIN: one that is gone unnoticed must not make a COMMIT unknown. */
  #isAnswered = false;
  /** The first error of this transaction: those after it only tell that there was one. */
  #failure: unknown;
  #isLost = false;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /** BEGIN travels with the first statement, whose answer is worth nothing without its own. */
  async begin(): Promise<void> {
    this.#client = await connect(this.#pool);
    writeTogether(this.#client);
    this.#newest = this.#client.query(BEGIN).then(
      () => {
        this.#isAnswered = true;
      },
      (error: unknown) => {
        // Whatever state it is in, nobody else should find it so.
        this.#isLost = true;
        this.#failure = statementError(error);
      },
    );
  }

  /**
   * Answers when PostgreSQL has said COMMIT and nothing else. A warning beside it ("canceling wait for synchronous
   * replication") means that the transaction may be lost with this server: unknown, never success.
   */
  async commit(): Promise<void> {
    const client = this.#inTransaction();
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
      // After a failed statement COMMIT is answered with ROLLBACK.
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
    const query = queryOf(client, sql, parameters);
    writeTogether(client);
    const answer = client.query(query).catch((error: unknown) => this.#fail(error, query));
    this.#newest = answer.catch(() => {});
    const result = await answer;
    // Of a BEGIN that failed, and then this one was no part of any transaction.
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
    // Only what changes nothing may be asked twice.
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

/** Everything that is asked until the transaction waits for an answer goes out in one write: writes are half of what a statement costs a node. */
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
    // A request that waited for a connection until its timeout has waited enough; a refused one may be had in a moment.
    const waited = error instanceof Error && /^timeout exceeded|connection timeout$/.test(error.message);
    throw waited ? new StorageUnavailable(text, { cause: error }) : new Interrupted(text, { cause: error });
  }
}

function ours(connection: DatabaseConnection): Connection {
  if (!(connection instanceof Connection)) throw new Error('a connection of another driver');
  return connection;
}
