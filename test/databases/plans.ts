import { CompiledQuery, type KyselyPlugin } from 'kysely';
import type { Database, Queries } from '#store/engine/database.ts';

/** A query as the database got it. */
export type Asked = Pick<CompiledQuery, 'sql' | 'parameters'>;

/** The same database, which keeps what is asked outside a transaction; except for the statements that are compiled once. */
export function watchReads(db: Database): { readonly db: Database; readonly asked: Asked[] } {
  const asked: Asked[] = [];
  const plugin: KyselyPlugin = {
    transformQuery({ node, queryId }) {
      const query = db.read.getExecutor().compileQuery(node, queryId);
      // A statement that is compiled once passes here without its values, and is asked behind our back.
      if (query.parameters.every((value) => Object(value) !== value)) asked.push(query);
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  return { db: { ...db, read: db.read.withPlugin(plugin) }, asked };
}

/** Joins too, that read a whole table to put it in order, and sorts: one that is left has no index to do its work. */
const NO_SCANS = ['seqscan', 'mergejoin', 'hashjoin', 'sort'].map((way) => `set local enable_${way} = off`).join('; ');

/**
 * How the database finds the rows of a query, line by line.
 *
 * @param noScans asks PostgreSQL for an index wherever one can be used: over a few rows it would read the whole table.
 *   SQLite decides by the indexes alone, however many rows there are
 */
export async function planOf(db: Database, { sql, parameters }: Asked, { noScans = false } = {}): Promise<string[]> {
  if (db.kind === 'sqlite') {
    const rows = await explain<{ detail: string }>(db.read, `explain query plan ${sql}`, parameters);
    return rows.map(({ detail }) => detail);
  }
  return db.transaction(async (tx) => {
    if (noScans) await tx.executeQuery(CompiledQuery.raw(NO_SCANS));
    const rows = await explain<{ 'QUERY PLAN': string }>(tx, `explain (costs off) ${sql}`, parameters);
    return rows.map((row) => row['QUERY PLAN']);
  });
}

async function explain<Row>(queries: Queries, text: string, parameters: readonly unknown[]): Promise<readonly Row[]> {
  return (await queries.executeQuery<Row>(CompiledQuery.raw(text, [...parameters]))).rows;
}
