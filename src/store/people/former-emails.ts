import type { Queries } from '#store/engine/database.ts';
import type { FormerEmailTable } from '#store/people/tables.ts';

export type FormerEmail = { readonly reservedUntil: number | undefined };

/** Records that a person gave up an email. If two people had it, the longer reservation applies. */
export async function noteFormerEmail(tx: Queries, row: FormerEmailTable): Promise<void> {
  const { left_at, reserved_until } = row;
  const before = await findFormerEmail(tx, [row.email_tag]);
  const longest = Math.max(before?.reservedUntil ?? 0, reserved_until ?? 0);
  await tx
    .insertInto('former_emails')
    .values(row)
    .onConflict((conflict) =>
      conflict.column('email_tag').doUpdateSet({ left_at, reserved_until: longest > 0 ? longest : null }),
    )
    .execute();
}

/** Whether a person had this email. @param tags of the email, one for each key of the ring */
export async function findFormerEmail(queries: Queries, tags: readonly string[]): Promise<FormerEmail | undefined> {
  const rows = await queries
    .selectFrom('former_emails')
    .select('reserved_until')
    .where('email_tag', 'in', tags)
    .execute();
  if (rows.length === 0) return undefined;
  const until = Math.max(...rows.map((row) => row.reserved_until ?? 0));
  return { reservedUntil: until > 0 ? until : undefined };
}

/** Removes expired reservations. The fact that a person had the email remains stored. */
export async function endReservations(tx: Queries, now: number): Promise<void> {
  await tx.updateTable('former_emails').set({ reserved_until: null }).where('reserved_until', '<=', now).execute();
}

/** Deletes rows that only a retired key could find. The caller has checked that none of them is reserved. */
export async function forgetFormerEmails(tx: Queries, keyId: string): Promise<void> {
  await tx.deleteFrom('former_emails').where('email_tag', 'like', `${keyId}.%`).execute();
}
