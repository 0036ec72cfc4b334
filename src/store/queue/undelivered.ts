import type { Queries } from '#store/engine/database.ts';

/** A mail that was tried and given up. */
export type UndeliveredMail = {
  readonly id: string;
  readonly kind: string;
  readonly email: string;
  /** Why the last try failed: a code. */
  readonly fault: string | undefined;
  readonly deadAt: number;
};

/** The mails that did not arrive at these addresses, except those that a later mail of the same kind replaced. */
export async function listUndelivered(
  queries: Queries,
  emails: readonly string[],
): Promise<readonly UndeliveredMail[]> {
  if (emails.length === 0) return [];
  const rows = await queries
    .selectFrom('outbox')
    .select(['id', 'kind', 'recipient', 'tries', 'dead_at', 'last_fault'])
    .where('recipient', 'in', emails)
    .orderBy('id')
    .execute();
  const newest = new Map(rows.map((row) => [`${row.kind} ${row.recipient}`, row]));
  return [...newest.values()].flatMap(({ id, kind, recipient: email, tries, dead_at, last_fault }) =>
    // Without a mail server nothing is tried. Such a mail is not undelivered: the operator may read it in the outbox.
    dead_at === null || tries === 0 ? [] : [{ id, kind, email, fault: last_fault ?? undefined, deadAt: dead_at }],
  );
}

/** Queues a given-up mail again; false if its text was erased or it is not given up. */
export async function reviveMail(
  tx: Queries,
  id: string,
  { now, expiresAt }: { readonly now: number; readonly expiresAt: number },
): Promise<boolean> {
  const fresh = { dead_at: null, tries: 0, last_fault: null, held_since: null, not_before: 0 };
  const { numUpdatedRows } = await tx
    .updateTable('outbox')
    .set({ ...fresh, next_try_at: now, expires_at: expiresAt })
    .where('id', '=', id)
    .where('dead_at', 'is not', null)
    .where('sealed_parameters', '!=', '')
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}
