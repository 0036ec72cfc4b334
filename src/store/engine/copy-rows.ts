import { createHash } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import type { Database, Queries } from './database.ts';
import { COPIED_TABLES, type CopiedTable } from './tables.ts';

type Row = Readonly<Record<string, unknown>>;

/** The number of rows of a table, and one digest over all rows in the order of their keys. */
export type TableDigest = { readonly table: string; readonly rows: number; readonly digest: string };

/** With 40 columns, one statement binds 8,000 values. SQLite allows 32,766, PostgreSQL 65,535. */
const ROWS_PER_PAGE = 200;

/**
 * Copies every row of every table into a database with empty tables, in pages, and returns the digests of the copied
 * rows.
 *
 * @param source a snapshot, because the rows must not change between two pages
 */
export async function copyRows(source: Queries, target: Queries): Promise<readonly TableDigest[]> {
  const copied: TableDigest[] = [];
  for (const one of COPIED_TABLES) {
    copied.push(
      await digestTable(source, one, async (rows) => {
        if (!one.derived) await insertRows(target, one, rows);
      }),
    );
  }
  return copied;
}

/** A digest of every table that is copied. */
export async function digestTables(queries: Queries): Promise<readonly TableDigest[]> {
  const digests: TableDigest[] = [];
  for (const one of COPIED_TABLES) digests.push(await digestTable(queries, one));
  return digests;
}

/** A sentence about the first table that differs between two databases; undefined when all tables are equal. */
export function differenceOf(one: readonly TableDigest[], other: readonly TableDigest[]): string | undefined {
  for (const { table, rows, digest } of one) {
    const twin = other.find((candidate) => candidate.table === table);
    if (twin?.rows !== rows) return `${table} has ${rows} rows here and ${twin?.rows ?? 'none'} there`;
    if (twin.digest !== digest) return `a row of ${table} is not the same on both sides`;
  }
  return undefined;
}

/**
 * Locks every table against writes until this transaction ends, without a time limit. A server that starts meanwhile
 * can read the old rows, but its writes wait. SQLite needs no lock, because it has only one writer.
 */
export async function holdTables(tx: Queries, kind: Database['kind']): Promise<void> {
  if (kind === 'sqlite') return;
  await sql`set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0`.execute(tx);
  const tables = sql.join(COPIED_TABLES.map(({ table }) => sql.table(table)));
  await sql`lock table ${tables} in exclusive mode`.execute(tx);
}

/** Empties every table that is copied. Tables with foreign keys come first. */
export async function emptyTables(tx: Queries): Promise<void> {
  for (const { table } of COPIED_TABLES.toReversed()) await sql`delete from ${sql.table(table)}`.execute(tx);
}

/** The first table with rows; undefined if all are empty. `ring_keys` does not count: a server start fills it. */
export async function findFilledTable(queries: Queries): Promise<string | undefined> {
  for (const { table, derived } of COPIED_TABLES) {
    if (derived || table === 'ring_keys') continue;
    const { rows } = await sql`select 1 from ${sql.table(table)} limit 1`.execute(queries);
    if (rows.length > 0) return table;
  }
  return undefined;
}

async function digestTable(
  queries: Queries,
  { table, key }: CopiedTable,
  onPage: (rows: readonly Row[]) => Promise<void> = async () => {},
): Promise<TableDigest> {
  const hash = createHash('sha256');
  let count = 0;
  let last: Row | undefined;
  for (;;) {
    const after = last === undefined ? sql`` : sql`where ${sql.ref(key)} > ${last[key]}`;
    const page: RawBuilder<Row> = sql`
      select * from ${sql.table(table)} ${after} order by ${sql.ref(key)} limit ${ROWS_PER_PAGE}`;
    const { rows } = await page.execute(queries);
    for (const row of rows) hash.update(rowText(row));
    count += rows.length;
    if (rows.length > 0) await onPage(rows);
    last = rows.at(-1);
    if (rows.length < ROWS_PER_PAGE) return { table, rows: count, digest: hash.digest('hex') };
  }
}

/** The same text for the same row, in any order of columns. */
function rowText(row: Row): string {
  return `${JSON.stringify(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1)))}\n`;
}

async function insertRows(target: Queries, { table }: CopiedTable, rows: readonly Row[]): Promise<void> {
  // Cast boundary between the untyped rows and the typed builder. Both use the same table of the same schema.
  await target
    .insertInto(table)
    .values(rows as never)
    .execute();
}
