import { connectTo, KIND } from '../../databases/open.ts';

/** The table of every row as it ever was. */
export const EVERY_ROW = 'every_row';

/**
 * Keeps each row as it was written, also after it is changed or deleted: in PostgreSQL's files it stays until a vacuum, and longer in
 * its log. SQLite's own files show that.
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

/** Every table of a PostgreSQL database of ours. */
export const LIST_TABLES = "select tablename as name from pg_tables where schemaname = 'public'";
