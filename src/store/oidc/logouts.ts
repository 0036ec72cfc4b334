import type { Queries } from '#store/engine/database.ts';

/** A sign-out that a client has no notice of yet, as the trigger on ended grants leaves it. */
export type LogoutNotice = {
  readonly id: string;
  readonly client_id: string;
  readonly user_id: string;
  readonly sid: string;
  readonly tries: number;
  readonly first_try_at: number | null;
};

/** The clients that wait for a notice now. */
export async function listDueClients(queries: Queries, now: number): Promise<readonly string[]> {
  const rows = await queries
    .selectFrom('oidc_logouts')
    .select('client_id')
    .where('next_try_at', '<=', now)
    .groupBy('client_id')
    .execute();
  return rows.map(({ client_id }) => client_id);
}

export async function listDueLogouts(
  queries: Queries,
  clientId: string,
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<readonly LogoutNotice[]> {
  return queries
    .selectFrom('oidc_logouts')
    .selectAll()
    .where('client_id', '=', clientId)
    .where('next_try_at', '<=', now)
    .orderBy('next_try_at')
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** Takes one for a try: true for one process of all that ask, until `untilAt`. */
export async function claimLogout(
  tx: Queries,
  id: string,
  { now, untilAt }: { readonly now: number; readonly untilAt: number },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('oidc_logouts')
    .set((row) => ({
      tries: row('tries', '+', 1),
      next_try_at: untilAt,
      first_try_at: row.fn.coalesce('first_try_at', row.val(now)),
    }))
    .where('id', '=', id)
    .where('next_try_at', '<=', now)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

export async function putLogoutOff(tx: Queries, id: string, nextTryAt: number): Promise<void> {
  await tx.updateTable('oidc_logouts').set({ next_try_at: nextTryAt }).where('id', '=', id).execute();
}

/** Told, or given up. */
export async function deleteLogout(tx: Queries, id: string): Promise<void> {
  await tx.deleteFrom('oidc_logouts').where('id', '=', id).execute();
}
