import type { SiteRules } from '#core/portals/forward-auth.ts';
import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import type { SiteTable } from './tables.ts';

/** Adds a host; false if it is already registered. */
export async function createSite(tx: Queries, { host, acr, partnerIds }: SiteRules, now: number): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('sites')
    .values({ host, acr: acr ?? null, partner_ids: partnerIds.join(' '), created_at: now })
    .onConflict((conflict) => conflict.column('host').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** Deletes a host with all its sessions and tickets; false if it is not registered. */
export async function deleteSite(tx: Queries, host: string): Promise<boolean> {
  const { numDeletedRows } = await tx.deleteFrom('sites').where('host', '=', host).executeTakeFirst();
  return numDeletedRows === 1n;
}

/** Ordered by host name. */
export async function listSites(queries: Queries): Promise<readonly SiteRules[]> {
  return (await queries.selectFrom('sites').selectAll().orderBy('host').execute()).map(siteOf);
}

export async function findSite(queries: Queries, host: string): Promise<SiteRules | undefined> {
  const row = await byHost.first(queries, { host });
  return row && siteOf(row);
}

const byHost = statement((db: Queries, p: Param<{ host: string }>) =>
  db.selectFrom('sites').selectAll().where('host', '=', p.host),
);

export function siteOf({ host, acr, partner_ids }: Omit<SiteTable, 'created_at'>): SiteRules {
  return { host, acr: acr ?? undefined, partnerIds: partner_ids === '' ? [] : partner_ids.split(' ') };
}
