import { CompiledQuery, type KyselyPlugin } from 'kysely';
import type { Database, Queries } from '#store/engine/database.ts';

/** A query as the database received it. */
export type Asked = Pick<CompiledQuery, 'sql' | 'parameters'>;

/** The same database, which records the queries outside of transactions, except for precompiled statements. */
export function watchReads(db: Database): { readonly db: Database; readonly asked: Asked[] } {
  const asked: Asked[] = [];
  const plugin: KyselyPlugin = {
    transformQuery({ node, queryId }) {
      const query = db.read.getExecutor().compileQuery(node, queryId);
      // A precompiled statement passes here without its values and runs elsewhere.
      if (query.parameters.every((value) => Object(value) !== value)) asked.push(query);
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  return { db: { ...db, read: db.read.withPlugin(plugin) }, asked };
}

/** Also the joins that read a whole table to sort it, and sorts: a remaining one lacks an index. */
const NO_SCANS = ['seqscan', 'mergejoin', 'hashjoin', 'sort'].map((way) => `set local enable_${way} = off`).join('; ');

/**
 * How the database finds the rows of a query, line by line.
 *
 * @param noScans makes PostgreSQL use an index where it can, because it would read a small table as a whole. SQLite
 * decides by the indexes alone, whatever the number of rows.
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
