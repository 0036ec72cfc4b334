import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export type DatabaseKind = 'sqlite';

export type Row = Readonly<Record<string, unknown>>;

/** Where a service keeps its data: how a node is told of it, and how the checker reads it without the product. */
export type Storage = {
  readonly kind: DatabaseKind;
  readonly environment: Readonly<Record<string, string>>;
  /** The file, where the database is one. */
  readonly file: string | undefined;
  /** The raw dump: what stands in the tables, read by another connection. */
  rows(sql: string): Promise<readonly Row[]>;
  /** What the database itself says of its own soundness; empty when it is sound. */
  damage(): Promise<readonly string[]>;
};

/** Makes a place for a new database. @param folder an empty one */
export async function openStorage(kind: DatabaseKind, folder: string): Promise<Storage> {
  switch (kind) {
    case 'sqlite':
      return sqliteStorage(join(folder, 'sallyport.db'));
  }
}

function sqliteStorage(file: string): Storage {
  function rowsOf(sql: string): readonly Row[] {
    const database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
    try {
      return database.prepare(sql).all();
    } finally {
      database.close();
    }
  }
  return {
    kind: 'sqlite',
    file,
    environment: { SALLYPORT_DATABASE_URL: `sqlite:${file}` },
    rows: async (sql) => rowsOf(sql),
    async damage() {
      const checks = [...rowsOf('pragma integrity_check'), ...rowsOf('pragma foreign_key_check')];
      return checks.map((row) => Object.values(row).join(' ')).filter((line) => line !== 'ok');
    },
  };
}
