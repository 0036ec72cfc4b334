import { sql } from 'kysely';
import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import type { OutboxTable } from '#store/queue/tables.ts';

/** Writes a mail in the same transaction as the change it reports. A worker sends it later. */
export async function createMail(tx: Queries, mail: OutboxTable): Promise<void> {
  await insertMail.send(tx, mail);
}

const insertMail = statement((db: Queries, p: Param<OutboxTable>) =>
  db.insertInto('outbox').values({
    id: p.id,
    kind: p.kind,
    recipient: p.recipient,
    locale: p.locale,
    sealed_parameters: p.sealed_parameters,
    created_at: p.created_at,
    sent_at: p.sent_at,
    tries: p.tries,
    next_try_at: p.next_try_at,
    expires_at: p.expires_at,
    dead_at: p.dead_at,
    last_fault: p.last_fault,
    held_since: p.held_since,
    not_before: p.not_before,
    held_back: p.held_back,
    partner_id: p.partner_id,
  }),
);

/**
 * Adds one to the count of the address's digest mail, which replaces the mails over its limit. Creates the digest if
 * none can still grow.
 *
 * Returns whether it was created.
 */
export async function holdMailBack(tx: Queries, digest: OutboxTable): Promise<boolean> {
  const { id } = await tx
    .insertInto('outbox')
    .values(digest)
    .onConflict((conflict) =>
      conflict
        .column('recipient')
        // Literals, because the database must recognize the condition of the partial unique index.
        .where(sql`kind`, '=', sql.lit(digest.kind))
        .where(sql`tries`, '=', sql.lit(0))
        .where(sql`dead_at`, 'is', sql.lit(null))
        .doUpdateSet((row) => ({ held_back: row('outbox.held_back', '+', 1) })),
    )
    .returning('id')
    .executeTakeFirstOrThrow();
  return id === digest.id;
}

export async function postponeMail(tx: Queries, id: string, notBefore: number, expiresAt: number): Promise<void> {
  const later = { not_before: notBefore, expires_at: expiresAt };
  await tx.updateTable('outbox').set(later).where('id', '=', id).execute();
}

/** Deletes mails of a kind to an address if no delivery has tried them yet; returns the earliest send time of each. */
export async function deleteUntriedMail(tx: Queries, recipient: string, kind: string): Promise<readonly number[]> {
  const untried = tx.deleteFrom('outbox').where('recipient', '=', recipient).where('kind', '=', kind);
  const rows = await untried.where('tries', '=', 0).where('dead_at', 'is', null).returning('not_before').execute();
  return rows.map((row) => row.not_before);
}

export async function listMail(queries: Queries, limit: number): Promise<readonly OutboxTable[]> {
  return queries.selectFrom('outbox').selectAll().orderBy('id', 'desc').limit(limit).execute();
}

export async function findMail(queries: Queries, id: string): Promise<OutboxTable | undefined> {
  return queries.selectFrom('outbox').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Deletes every mail to an address, sent or not, after its owner was deleted. */
export async function deleteMailTo(tx: Queries, recipient: string): Promise<void> {
  await tx.deleteFrom('outbox').where('recipient', '=', recipient).execute();
}
