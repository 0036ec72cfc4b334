import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { createTable, inDialect } from './001-first.ts';

/**
 * Adds a proof to each audit event that the service wrote it, and counts of refusals that form one event.
 *
 * Older events have no proof: `audit verify` checks their batches by the manifest.
 */
export const proofsAndRefusals: Migration = {
  async up(db) {
    await createTable(db, 'refusal_counts', REFUSAL_COUNTS);
    for (const statement of STATEMENTS) await sql.raw(inDialect(db, statement)).execute(db);
  },
};

const REFUSAL_COUNTS = `
    key text primary key,
    event text not null,
    client text,
    repeated bigint not null,
    since bigint not null,
    ends_at bigint not null`;

const STATEMENTS = [
  'create index refusal_counts_ends on refusal_counts (ends_at)',
  'alter table audit_events add column proof text',
];
