import type { Queries } from './database.ts';
import type { OutboxTable } from './mail-tables.ts';
import { type Param, statement } from './statement.ts';

/** Written with the effect it tells of, in the same transaction; sent after. */
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
  }),
);

export async function listMail(queries: Queries, limit: number): Promise<readonly OutboxTable[]> {
  return queries.selectFrom('outbox').selectAll().orderBy('id', 'desc').limit(limit).execute();
}

export async function findMail(queries: Queries, id: string): Promise<OutboxTable | undefined> {
  return queries.selectFrom('outbox').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function deleteMail(tx: Queries, id: string): Promise<void> {
  await tx.deleteFrom('outbox').where('id', '=', id).execute();
}

/** Forgets every mail to an address, sent or not: its owner is gone. */
export async function deleteMailTo(tx: Queries, recipient: string): Promise<void> {
  await tx.deleteFrom('outbox').where('recipient', '=', recipient).execute();
}
