import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely';
import { StorageUnavailable } from '#store/engine/database.ts';
import { queryRunner, type RunQuery, storageError } from './query.ts';

/** Limits how long a group blocks other processes: 64 transactions take 5 to 10 ms. */
const MOST_IN_GROUP = 64;

/**
 * One SQLite connection with group commit.
 *
 * Transactions that wait at the end of an event-loop turn run one after the other, each in its own savepoint, inside
 * one `begin immediate … commit`. So they share one fsync, and the lock is not held across turns.
 */
export class SqliteDriver implements Driver {
  readonly #sqlite: DatabaseSync;
  readonly #run: RunQuery;
  readonly #savepoint: StatementSync;
  readonly #release: StatementSync;
  readonly #waiting: Turn[] = [];
  #current: Turn | undefined;
  #isScheduled = false;
  #failure: StorageUnavailable | undefined;

  constructor(sqlite: DatabaseSync, run = queryRunner(sqlite)) {
    this.#sqlite = sqlite;
    this.#run = run;
    this.#savepoint = sqlite.prepare('savepoint member');
    this.#release = sqlite.prepare('release member');
  }

  /** Why the last group failed; undefined after a later group was committed. */
  get failure(): StorageUnavailable | undefined {
    return this.#failure;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.connect();
  }

  /** A connection outside all transactions, until one begins on it. */
  connect(): DatabaseConnection {
    const connection = new Connection((query) => {
      if (connection.turn || this.#current) this.#assertTurn(connection.turn);
      return this.#run(query);
    });
    return connection;
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    if (this.#sqlite.isOpen) this.#sqlite.close();
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    const turn = new Turn();
    ours(connection).turn = turn;
    this.#waiting.push(turn);
    this.#schedule();
    await turn.started.promise;
  }

  /** Lets the next transaction write, and resolves after the COMMIT of the group. */
  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const turn = this.#assertTurn(ours(connection).turn);
    this.#release.run();
    turn.left.resolve('released');
    await turn.committed.promise;
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    const { turn } = ours(connection);
    // After a failed COMMIT the turn has ended and there is nothing to undo.
    if (turn === undefined || turn !== this.#current) return;
    try {
      this.#sqlite.exec('rollback to member; release member');
      turn.left.resolve('undone');
    } catch {
      // A full disk or an I/O error has rolled back the whole group. The caller gets that error instead of this one.
      turn.left.resolve('lost');
    }
  }

  #assertTurn(turn: Turn | undefined): Turn {
    if (turn === undefined || turn !== this.#current) throw new Error('a statement outside its transaction: await it');
    // After an error that rolled back the group, each further statement would commit by itself.
    if (!this.#sqlite.isTransaction) throw new StorageUnavailable('storage unavailable: the transaction was lost');
    return turn;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // Runs after all readable sockets of this turn were read, so that their requests share the group.
    setImmediate(() => void this.#runGroup());
  }

  async #runGroup(): Promise<void> {
    const released: Turn[] = [];
    try {
      this.#begin();
      await this.#runMembers(released);
      this.#sqlite.exec('commit');
      this.#failure = undefined;
      for (const member of released) member.committed.resolve();
    } catch (error) {
      this.#fail(released, error);
    }
    this.#isScheduled = false;
    if (this.#waiting.length > 0) this.#schedule();
  }

  #begin(): void {
    try {
      this.#sqlite.exec('begin immediate');
    } catch (error) {
      const reason = storageError(error);
      for (const member of this.#waiting.splice(0)) member.started.reject(reason);
      throw error;
    }
  }

  async #runMembers(released: Turn[]): Promise<void> {
    for (let count = 0; count < MOST_IN_GROUP; count++) {
      const member = this.#waiting.shift();
      if (member === undefined) return;
      const leaving = await this.#runMember(member);
      if (leaving === 'released') released.push(member);
      if (leaving === 'lost') throw new StorageUnavailable('storage unavailable: the transaction was lost');
    }
  }

  async #runMember(member: Turn): Promise<Leaving> {
    try {
      this.#savepoint.run();
    } catch (error) {
      member.started.reject(storageError(error));
      return 'lost';
    }
    this.#current = member;
    member.started.resolve();
    const leaving = await member.left.promise;
    this.#current = undefined;
    return leaving;
  }

  #fail(released: Turn[], error: unknown): void {
    const reason = storageError(error);
    this.#failure = reason;
    try {
      if (this.#sqlite.isOpen && this.#sqlite.isTransaction) this.#sqlite.exec('rollback');
    } catch {
      // The next BEGIN fails too and reports the error.
    }
    for (const member of released) member.committed.reject(reason);
  }
}

/** How a member left its group: `lost` if even its rollback failed. */
type Leaving = 'released' | 'undone' | 'lost';

/** One transaction in a group: it starts, leaves, and resolves `committed` at the COMMIT. */
class Turn {
  readonly started = Promise.withResolvers<void>();
  readonly left = Promise.withResolvers<Leaving>();
  readonly committed = Promise.withResolvers<void>();
}

/** The connection that Kysely uses for one query or one transaction. */
class Connection implements DatabaseConnection {
  /** Set only in a transaction. */
  turn: Turn | undefined;
  readonly #run: RunQuery;

  constructor(run: RunQuery) {
    this.#run = run;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    // The typed builder derived the row type from the schema.
    return this.#run(query) as QueryResult<Row>;
  }

  // biome-ignore lint/correctness/useYield: node:sqlite answers at once; nothing of ours streams
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('streaming is not supported: read in pages');
  }
}

function ours(connection: DatabaseConnection): Connection {
  if (!(connection instanceof Connection)) throw new Error('a connection of another driver');
  return connection;
}
