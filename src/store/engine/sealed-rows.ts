import { type RawBuilder, sql } from 'kysely';
import type { Queries } from './database.ts';

/** Columns with values that a ring key sealed, their purpose, and their owner's column. An empty value is erased. */
export const SEALED = {
  users: { column: 'sealed_password', purpose: 'password', owner: 'id' },
  authenticators: { column: 'sealed_secret', purpose: 'totp', owner: 'user_id' },
  passkeys: { column: 'sealed_key', purpose: 'passkey', owner: 'user_id' },
  enrollments: { column: 'sealed_secret', purpose: 'totp', owner: 'user_id' },
  recovery_code_sets: { column: 'sealed_copy', purpose: 'codes-copy', owner: 'user_id' },
  idempotent_calls: { column: 'sealed_answer', purpose: 'api-answer', owner: 'api_key_id' },
  shown_secrets: { column: 'sealed_secret', purpose: 'shown-secret', owner: 'user_id' },
  webhook_secrets: { column: 'sealed_secret', purpose: 'webhook', owner: 'webhook_id' },
  signing_keys: { column: 'sealed_jwk', purpose: 'signing-key', owner: 'alg' },
  outbox: { column: 'sealed_parameters', purpose: 'mail', owner: 'recipient' },
} as const;

export type SealedTable = keyof typeof SEALED;

/** Tables whose rows need a ring key, because it sealed or tagged them. */
export type KeyedTable = SealedTable | 'recovery_codes' | 'former_emails' | 'audit_batches';

export const SEALED_TABLES = Object.keys(SEALED) as readonly SealedTable[];

type Count = { count: number | bigint | string };

/** How many rows need this key. Used recovery codes do not, nor do emails whose reservation is over. */
export async function countSealedRows(queries: Queries, keyId: string): Promise<Record<KeyedTable, number>> {
  // Key ids contain only small letters, digits and hyphens, so `like` needs no escaping.
  const sealed = SEALED_TABLES.map((table) =>
    countOf(queries, table, sql`${sql.ref(SEALED[table].column)} like ${`v1.${keyId}.%`}`),
  );
  const tag = `${keyId}.%`;
  const tagged = [
    countOf(queries, 'recovery_codes', sql`tag like ${tag} and used_at is null`),
    countOf(queries, 'former_emails', sql`email_tag like ${tag} and reserved_until is not null`),
    countOf(queries, 'audit_batches', sql`seal like ${tag}`),
  ];
  return Object.fromEntries(await Promise.all([...sealed, ...tagged])) as Record<KeyedTable, number>;
}

async function countOf(queries: Queries, table: KeyedTable, condition: RawBuilder<unknown>) {
  const count: RawBuilder<Count> = sql`select count(*) as count from ${sql.table(table)} where ${condition}`;
  const { rows } = await count.execute(queries);
  return [table, Number(rows[0]?.count ?? 0)] as const;
}

export type SealedRow = { readonly id: string; readonly userId: string; readonly sealed: string };

/** Up to `limit` rows after `afterId`, ordered by id, that a key other than `activeKeyId` sealed. */
export async function listRowsOfOtherKeys(
  queries: Queries,
  table: SealedTable,
  page: { readonly activeKeyId: string; readonly afterId: string; readonly limit: number },
): Promise<readonly SealedRow[]> {
  const { column, owner } = SEALED[table];
  const rows: RawBuilder<SealedRow> = sql`
    select id, ${sql.ref(owner)} as "userId", ${sql.ref(column)} as sealed
    from ${sql.table(table)}
    where id > ${page.afterId} and ${sql.ref(column)} <> '' and ${sql.ref(column)} not like ${`v1.${page.activeKeyId}.%`}
    order by id limit ${page.limit}`;
  return (await rows.execute(queries)).rows;
}

/** Replaces the value that was read with its resealed form; false if another write changed it first and won. */
export async function replaceSealed(
  tx: Queries,
  table: SealedTable,
  change: { readonly id: string; readonly from: string; readonly to: string },
): Promise<boolean> {
  const column = sql.ref(SEALED[table].column);
  const { numAffectedRows } = await sql`
    update ${sql.table(table)} set ${column} = ${change.to} where id = ${change.id} and ${column} = ${change.from}`.execute(
    tx,
  );
  return numAffectedRows === 1n;
}
