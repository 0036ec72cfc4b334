import { type Compilable, type CompiledQuery, type DialectAdapter, PostgresAdapter, type QueryResult } from 'kysely';
import { connectionOf } from './connected.ts';
import type { Queries } from './database.ts';

/**
 * The parameters of a statement while it is built. Each is a placeholder that may only be passed to the builder.
 *
 * `null` is bound like any value (`= null` is never true in SQL, so use `is null` in the builder). A list for `in (…)`
 * changes the SQL text, so such a query uses Kysely directly.
 */
export type Param<Values> = { readonly [Name in keyof Values]: Values[Name] };

/** A statement whose SQL text is built once per dialect. */
export type Statement<Values, Row> = {
  all(queries: Queries, values: Values): Promise<Row[]>;
  first(queries: Queries, values: Values): Promise<Row | undefined>;
  /** Returns how many rows were inserted, updated or deleted. */
  run(queries: Queries, values: Values): Promise<number>;
  /**
   * Sends the statement without waiting for its answer, so that the next statement or COMMIT goes out together with it.
   * If it fails, the next statement or COMMIT throws the error, and nothing is stored.
   *
   * @param tx a transaction
   */
  send(tx: Queries, values: Values): Promise<void>;
};

/** Compiles the statement at its first use, because building it costs ten times what SQLite needs to run it. */
export function statement<Values, Row>(
  build: (db: Queries, p: Param<Values>) => Compilable<Row>,
): Statement<Values, Row> {
  // A database and its transactions share one adapter. Two dialects never share one.
  const templates = new WeakMap<DialectAdapter, Template<Values, Row>>();

  function execute(queries: Queries, values: Values): Promise<QueryResult<Row>> {
    const executor = queries.getExecutor();
    let template = templates.get(executor.adapter);
    if (template === undefined) {
      template = templateOf(build(queries, standIns<Values>()).compile());
      templates.set(executor.adapter, template);
    }
    const query = template(values);
    // Skips Kysely's own query path, which costs as much again as SQLite's answer. No plugin of ours changes a result.
    const connection = connectionOf(queries);
    if (connection === undefined) return executor.provideConnection((one) => one.executeQuery<Row>(query));
    // Sends the query before it returns. Several queries can be in flight, in the order of the calls.
    return connection.executeQuery<Row>(query);
  }

  return {
    all: async (queries, values) => (await execute(queries, values)).rows,
    first: async (queries, values) => (await execute(queries, values)).rows[0],
    run: async (queries, values) => Number((await execute(queries, values)).numAffectedRows ?? 0n),
    async send(tx, values) {
      if (!tx.isTransaction) throw new Error('outside a transaction nobody would hear of its failure');
      const answer = execute(tx, values);
      // SQLite has answered by now. Unlike PostgreSQL, it continues a transaction after a failed statement.
      if (tx.getExecutor().adapter instanceof PostgresAdapter) answer.catch(() => {});
      else await answer;
    },
  };
}

type Template<Values, Row> = (values: Values) => CompiledQuery<Row>;

function templateOf<Values, Row>(compiled: CompiledQuery<Row>): Template<Values, Row> {
  const slots = compiled.parameters.map((parameter) =>
    parameter instanceof StandIn ? parameter : { valueIn: () => parameter },
  );
  const { query, queryId, sql } = compiled;
  return (values) => ({ query, queryId, sql, parameters: slots.map((slot) => slot.valueIn(values)) });
}

/** Represents "no value yet": any use of it as a value is a bug in the builder. */
class StandIn {
  readonly #name: PropertyKey;

  constructor(name: PropertyKey) {
    this.#name = name;
  }

  valueIn(values: unknown): unknown {
    const value = Object(values)[this.#name];
    if (value === undefined) throw new Error(`statement parameter ${String(this.#name)} is missing`);
    return value;
  }

  [Symbol.toPrimitive](): never {
    throw new Error(`statement parameter ${String(this.#name)} has no value while the statement is built`);
  }
}

function standIns<Values>(): Param<Values> {
  // The only place where a placeholder has the type of a value: the builder sees the types of the later values.
  return new Proxy({} as Param<Values>, { get: (_, name) => new StandIn(name) });
}
