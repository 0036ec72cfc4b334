import { sql } from 'kysely';

/** Whether one of the columns holds what was typed, small and capital letters alike. */
export function holds(columns: readonly string[], typed: string) {
  const [lower, asTyped] = [typed.toLowerCase(), typed].map((text) => `%${text.replace(/[\\%_]/g, '\\$&')}%`);
  const tests = columns.flatMap((column) => [
    sql<boolean>`lower(${sql.ref(column)}) like ${lower} escape '\\'`,
    // SQLite's own `lower` knows ASCII only.
    sql<boolean>`${sql.ref(column)} like ${asTyped} escape '\\'`,
  ]);
  return sql<boolean>`(${sql.join(tests, sql` or `)})`;
}
