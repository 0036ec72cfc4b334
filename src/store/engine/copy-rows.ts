import { createHash } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import type { Database, Queries } from './database.ts';
import { COPIED_TABLES, type CopiedTable } from './tables.ts';

type Row = Readonly<Record<string, unknown>>;

/** How many rows a table holds, and one digest over all of them, in the order of their keys. */
export type TableDigest = { readonly table: string; readonly rows: number; readonly digest: string };

/** A statement of 40 columns binds 8,000 values: SQLite takes 32,766, PostgreSQL 65,535. */
const ROWS_PER_PAGE = 200;

/**
 * Copies every row of every table into a database whose tables are empty, in pages, and answers what was copied.
 *
 * @param source a snapshot: what it holds must not change between two pages
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

/** A digest of every table that is copied; `onPage` sees the rows as they go by. */
export async function digestTables(queries: Queries): Promise<readonly TableDigest[]> {
  const digests: TableDigest[] = [];
  for (const one of COPIED_TABLES) digests.push(await digestTable(queries, one));
  return digests;
}

/** The first table that two databases do not hold alike, as a sentence; undefined when there is none. */
export function differenceOf(one: readonly TableDigest[], other: readonly TableDigest[]): string | undefined {
  for (const { table, rows, digest } of one) {
    const twin = other.find((candidate) => candidate.table === table);
    if (twin?.rows !== rows) return `${table} has ${rows} rows here and ${twin?.rows ?? 'none'} there`;
    if (twin.digest !== digest) return `a row of ${table} is not the same on both sides`;
  }
  return undefined;
}

/**
 * Holds every table until the end of this transaction, however long that takes: a server that starts meanwhile reads what
 * was there before, and what it writes waits. SQLite does so by itself.
 */
export async function holdTables(tx: Queries, kind: Database['kind']): Promise<void> {
  if (kind === 'sqlite') return;
  await sql`set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0`.execute(tx);
  const tables = sql.join(COPIED_TABLES.map(({ table }) => sql.table(table)));
  await sql`lock table ${tables} in exclusive mode`.execute(tx);
}

/** Empties every table that is copied, those that refer to others first. */
export async function emptyTables(tx: Queries): Promise<void> {
  for (const { table } of COPIED_TABLES.toReversed()) await sql`delete from ${sql.table(table)}`.execute(tx);
}

/** A table that holds something, except for the notes of keys that a start makes; undefined in an empty database. */
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

/** One text for one row, whatever order its columns come in. */
function rowText(row: Row): string {
  return `${JSON.stringify(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1)))}\n`;
}

async function insertRows(target: Queries, { table }: CopiedTable, rows: readonly Row[]): Promise<void> {
  // Cast boundary between the erased rows and the typed builder: they come from the same table of the same schema.
  await target
    .insertInto(table)
    .values(rows as never)
    .execute();
}
