import type { Queries } from './database.ts';
import type { OutboxTable } from './mail-tables.ts';

/** Written with the effect it tells of, in the same transaction; sent after. */
export async function createMail(tx: Queries, mail: OutboxTable): Promise<void> {
  await tx.insertInto('outbox').values(mail).execute();
}

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
