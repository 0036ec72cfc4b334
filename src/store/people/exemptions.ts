import type { Queries } from '#store/engine/database.ts';

/** The people of a partner who are exempt now, and the end of each exemption. */
export async function listExempt(
  queries: Queries,
  partnerId: string,
  now: number,
): Promise<readonly { readonly id: string; readonly exemptUntil: number }[]> {
  const rows = await queries
    .selectFrom('users')
    .select(['id', 'exempt_until'])
    .where('partner_id', '=', partnerId)
    .where('exempt_until', '>', now)
    .execute();
  return rows.map(({ id, exempt_until }) => ({ id, exemptUntil: exempt_until ?? now }));
}

/** Grants or changes an exemption; `undefined` removes it. */
export async function setExemption(
  tx: Queries,
  userId: string,
  exemption: { readonly until: number; readonly reason: string } | undefined,
): Promise<void> {
  await tx
    .updateTable('users')
    .set({ exempt_until: exemption?.until ?? null, exempt_reason: exemption?.reason ?? null })
    .where('id', '=', userId)
    .execute();
}
