import {
  type DatabaseConnection,
  DefaultQueryExecutor,
  type Dialect,
  type DialectAdapter,
  type Driver,
  Kysely,
  type QueryCompiler,
  Transaction,
} from 'kysely';
import type { Queries, Schema } from './database.ts';
import { watchedReads } from './watched.ts';

/** The parts of a dialect that all queries of one database share. */
export type Engine = {
  readonly dialect: Dialect;
  readonly driver: Driver;
  readonly adapter: DialectAdapter;
  readonly compiler: QueryCompiler;
};

export function engineOf(dialect: Dialect, driver: Driver): Engine {
  return { dialect, driver, adapter: dialect.createAdapter(), compiler: dialect.createQueryCompiler() };
}

/**
 * Queries on one connection. Kysely acquires, checks and releases a connection in ten steps for each query, which costs
 * as much as SQLite's answer.
 *
 * @param connection accepts a query at any time
 */
export function queriesOn(engine: Engine, connection: DatabaseConnection): Kysely<Schema> {
  return new Kysely<Schema>(propsOf(engine, watchedReads(connection)));
}

/** Runs `work` in a transaction on a connection of its own. An error from `work` or from COMMIT rolls it back. */
export async function transact<T>(engine: Engine, work: (tx: Transaction<Schema>) => Promise<T>): Promise<T> {
  const { driver } = engine;
  const connection = await driver.acquireConnection();
  try {
    await driver.beginTransaction(connection, {});
    return await workAndCommit(engine, connection, work);
  } finally {
    await driver.releaseConnection(connection);
  }
}

async function workAndCommit<T>(
  engine: Engine,
  connection: DatabaseConnection,
  work: (tx: Transaction<Schema>) => Promise<T>,
): Promise<T> {
  const { driver } = engine;
  try {
    const result = await work(new Transaction<Schema>(propsOf(engine, connection)));
    await driver.commitTransaction(connection);
    return result;
  } catch (error) {
    await driver.rollbackTransaction(connection);
    throw error;
  }
}

/** The connection of these queries; undefined if Kysely acquires one for each query. */
export function connectionOf(queries: Queries): DatabaseConnection | undefined {
  const executor = queries.getExecutor();
  return executor instanceof ConnectedExecutor ? executor.connection : undefined;
}

class ConnectedExecutor extends DefaultQueryExecutor {
  readonly connection: DatabaseConnection;

  constructor({ compiler, adapter }: Engine, connection: DatabaseConnection) {
    super(compiler, adapter, { provideConnection: (consumer) => consumer(connection) });
    this.connection = connection;
  }
}

function propsOf(engine: Engine, connection: DatabaseConnection) {
  const { dialect, driver } = engine;
  return { config: { dialect }, dialect, driver, executor: new ConnectedExecutor(engine, connection) };
}
