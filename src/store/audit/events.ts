import type { AuditEventTable } from '#store/audit/tables.ts';
import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';

const insertEvent = statement((db: Queries, p: Param<Omit<AuditEventTable, 'batch'>>) =>
  db.insertInto('audit_events').values({
    id: p.id,
    at: p.at,
    action: p.action,
    outcome: p.outcome,
    actor: p.actor,
    subject: p.subject,
    partner: p.partner,
    request_id: p.request_id,
    detail: p.detail,
    client: p.client,
    client_digest: p.client_digest,
    proof: p.proof,
    batch: null,
  }),
);

/** Adds one event to the unsealed tail. */
export async function createAuditEvent(tx: Queries, row: Omit<AuditEventTable, 'batch'>): Promise<void> {
  await insertEvent.send(tx, row);
}
