import { connectTo, KIND } from '../../databases/open.ts';

/** The table of all versions of every row. */
export const EVERY_ROW = 'every_row';

/**
 * Stores each written row, even after a change or deletion: PostgreSQL's files hold it until a vacuum, and its log even
 * longer. For SQLite its own files show this.
 */
export async function keepEveryRow(path: string): Promise<void> {
  if (KIND === 'sqlite') return;
  const connection = await connectTo(path);
  const tables = await connection.rows(LIST_TABLES);
  const triggers = tables.map(
    ({ name }) => `
    create trigger keep after insert or update on "${name}" for each row execute function keep()`,
  );
  await connection.run(`
    create table ${EVERY_ROW} (row text);
    create function keep() returns trigger language plpgsql as
    $$ begin insert into ${EVERY_ROW} values (new::text); return null; end $$;
    ${triggers.join(';')}`);
  await connection.close();
}

/** Every table of our PostgreSQL databases. */
export const LIST_TABLES = "select tablename as name from pg_tables where schemaname = 'public'";
