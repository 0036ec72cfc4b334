import { type Compilable, type CompiledQuery, type DialectAdapter, PostgresAdapter, type QueryResult } from 'kysely';
import type { Queries } from './database.ts';

/**
 * The parameters of a statement while it is built: each is a stand-in that may only be handed on to the builder.
 *
 * `null` is bound like any value (`= null` is never true in SQL: say `is null` in the builder). A list for `in (…)`
 * changes the SQL text: such a query uses Kysely directly.
 */
export type Param<Values> = { readonly [Name in keyof Values]: Values[Name] };

/** A statement whose SQL text is made once for each dialect. */
export type Statement<Values, Row> = {
  all(queries: Queries, values: Values): Promise<Row[]>;
  first(queries: Queries, values: Values): Promise<Row | undefined>;
  /** Answers how many rows it inserted, updated or deleted. */
  run(queries: Queries, values: Values): Promise<number>;
  /**
   * Sends it and waits for no answer: what comes next, COMMIT as well, travels with it. Whatever fails then is told by
   * the next statement or by COMMIT, and nothing is kept.
   *
   * @param tx a transaction
   */
  send(tx: Queries, values: Values): Promise<void>;
};

/** A statement that is compiled at its first use: building one costs Kysely ten times what SQLite needs to run it. */
export function statement<Values, Row>(
  build: (db: Queries, p: Param<Values>) => Compilable<Row>,
): Statement<Values, Row> {
  // A database and its transactions share one adapter; two dialects never do.
  const templates = new WeakMap<DialectAdapter, Template<Values, Row>>();

  /** Resolves as soon as it is sent: several may be on their way together, in the order in which they were called. */
  function begin(queries: Queries, values: Values): Promise<Sent<Row>> {
    const { adapter } = queries.getExecutor();
    let template = templates.get(adapter);
    if (template === undefined) {
      template = templateOf(build(queries, standIns<Values>()).compile());
      templates.set(adapter, template);
    }
    const query = template(values);
    // No plugin of ours changes a result: Kysely's own way to the connection costs as much again as SQLite's answer.
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
      // SQLite has answered by now, and keeps on after a statement that failed.
      if (tx.getExecutor().adapter instanceof PostgresAdapter) answer.catch(() => {});
      else await answer;
    },
  };
}

/** In an object, because a promise of a promise waits for both. */
type Sent<Row> = { readonly answer: Promise<QueryResult<Row>> };

type Template<Values, Row> = (values: Values) => CompiledQuery<Row>;

function templateOf<Values, Row>(compiled: CompiledQuery<Row>): Template<Values, Row> {
  const slots = compiled.parameters.map((parameter) =>
    parameter instanceof StandIn ? parameter : { valueIn: () => parameter },
  );
  const { query, queryId, sql } = compiled;
  return (values) => ({ query, queryId, sql, parameters: slots.map((slot) => slot.valueIn(values)) });
}

/** Guards the meaning "no value yet": any use of it as a value is a bug in the builder. */
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
  // The one place where a stand-in passes for a value: the builder sees the types of the values it will get.
  return new Proxy({} as Param<Values>, { get: (_, name) => new StandIn(name) });
}
