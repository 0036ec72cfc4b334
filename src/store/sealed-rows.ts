import { type RawBuilder, sql } from 'kysely';
import type { Queries } from './database.ts';

/** Where values lie that a key of the ring sealed or tagged. */
const COLUMNS = {
  users: { column: 'sealed_password', form: 'sealed' },
  authenticators: { column: 'sealed_secret', form: 'sealed' },
  enrollments: { column: 'sealed_secret', form: 'sealed' },
  recovery_code_sets: { column: 'sealed_copy', form: 'sealed' },
  outbox: { column: 'sealed_parameters', form: 'sealed' },
  recovery_codes: { column: 'tag', form: 'tagged' },
  audit_batches: { column: 'seal', form: 'tagged' },
} as const;

export type SealedColumn = keyof typeof COLUMNS;

/** How many rows of each table need this key. */
export async function countSealedRows(queries: Queries, keyId: string): Promise<Record<SealedColumn, number>> {
  const counts = Object.entries(COLUMNS).map(async ([table, { column, form }]) => {
    // Key ids are small letters, digits and hyphens: nothing that `like` reads as a pattern.
    const pattern = form === 'sealed' ? `v1.${keyId}.%` : `${keyId}.%`;
    const count: RawBuilder<{ count: number | bigint | string }> = sql`
      select count(*) as count from ${sql.table(table)} where ${sql.ref(column)} like ${pattern}`;
    const { rows } = await count.execute(queries);
    return [table, Number(rows[0]?.count ?? 0)];
  });
  return Object.fromEntries(await Promise.all(counts));
}
