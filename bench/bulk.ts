import { CompiledQuery } from 'kysely';
import type { Database, Queries, Schema } from '#store/engine/database.ts';

/** SQLite binds at most 32,766 values to a statement. The widest row has 13. */
const ROWS_PER_STATEMENT = 500;

/** Inserts many rows with the columns of the first one. One statement is built, parsed and planned for many rows. */
export async function insertRows(
  tx: Queries,
  kind: Database['kind'],
  table: keyof Schema,
  rows: readonly object[],
): Promise<void> {
  const columns = Object.keys(rows[0] ?? {});
  for (let first = 0; first < rows.length; first += ROWS_PER_STATEMENT) {
    const some = rows.slice(first, first + ROWS_PER_STATEMENT);
    const values = some.flatMap((row) => columns.map((column) => Reflect.get(row, column)));
    await tx.executeQuery(CompiledQuery.raw(insertText(kind, table, columns, some.length), values));
  }
}

function insertText(kind: Database['kind'], table: string, columns: readonly string[], count: number): string {
  const width = columns.length;
  const place = (index: number) => (kind === 'postgres' ? `$${index + 1}` : '?');
  const rows = Array.from({ length: count }, (_, row) => `(${columns.map((_, at) => place(row * width + at)).join()})`);
  return `insert into ${table} (${columns.join()}) values ${rows.join()}`;
}
