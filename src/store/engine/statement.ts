import { type Compilable, type CompiledQuery, type DialectAdapter, PostgresAdapter, type QueryResult } from 'kysely';
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

  /** Resolves as soon as the query is sent. Several queries can be in flight, in the order of the calls. */
  function begin(queries: Queries, values: Values): Promise<Sent<Row>> {
    const { adapter } = queries.getExecutor();
    let template = templates.get(adapter);
    if (template === undefined) {
      template = templateOf(build(queries, standIns<Values>()).compile());
      templates.set(adapter, template);
    }
    const query = template(values);
    // Skips Kysely's own query path, which costs as much again as SQLite's answer. No plugin of ours changes a result.
    return queries
      .getExecutor()
      .provideConnection(async (connection) => ({ answer: connection.executeQuery<Row>(query) }));
  }

  const execute = async (queries: Queries, values: Values) => (await begin(queries, values)).answer;

  return {
    all: async (queries, values) => (await execute(queries, values)).rows,
    first: async (queries, values) => (await execute(queries, values)).rows[0],
    run: async (queries, values) => Number((await execute(queries, values)).numAffectedRows ?? 0n),
    async send(tx, values) {
      if (!tx.isTransaction) throw new Error('outside a transaction nobody would hear of its failure');
      const { answer } = await begin(tx, values);
      // SQLite has answered by now. Unlike PostgreSQL, it continues a transaction after a failed statement.
      if (tx.getExecutor().adapter instanceof PostgresAdapter) answer.catch(() => {});
      else await answer;
    },
  };
}

/** In an object, because a promise that resolves to a promise waits for both. */
type Sent<Row> = { readonly answer: Promise<QueryResult<Row>> };

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
