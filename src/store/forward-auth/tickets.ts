import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import type { SiteRequestTable, SiteTicketTable } from './tables.ts';

export async function createSiteRequest(tx: Queries, row: SiteRequestTable): Promise<void> {
  await tx.insertInto('site_requests').values(row).execute();
}

/** The unexpired waiting visit with this id in this browser. */
export async function findSiteRequest(
  queries: Queries,
  key: { readonly id: string; readonly browser: string; readonly now: number },
): Promise<SiteRequestTable | undefined> {
  return findRequest.first(queries, key);
}

const findRequest = statement((db: Queries, p: Param<{ id: string; browser: string; now: number }>) =>
  db
    .selectFrom('site_requests')
    .selectAll()
    .where('id', '=', p.id)
    .where('browser', '=', p.browser)
    .where('expires_at', '>', p.now),
);

/** The assurance that the host of a waiting visit requires, if any: to draw a page. */
export async function findRequestedAcr(queries: Queries, id: string): Promise<'mfa' | 'phr' | undefined> {
  const visits = queries.selectFrom('site_requests as r').innerJoin('sites as s', 's.host', 'r.host').select('s.acr');
  return (await visits.where('r.id', '=', id).executeTakeFirst())?.acr ?? undefined;
}

/** Uses a visit; true for only one caller. */
export async function claimSiteRequest(
  tx: Queries,
  key: { readonly id: string; readonly browser: string; readonly now: number },
): Promise<boolean> {
  return (await deleteRequest.run(tx, key)) === 1;
}

const deleteRequest = statement((db: Queries, p: Param<{ id: string; browser: string; now: number }>) =>
  db
    .deleteFrom('site_requests')
    .where('id', '=', p.id)
    .where('browser', '=', p.browser)
    .where('expires_at', '>', p.now),
);

export async function createSiteTicket(tx: Queries, row: SiteTicketTable): Promise<void> {
  await tx.insertInto('site_tickets').values(row).execute();
}

type TicketKey = { readonly tokenHash: string; readonly host: string; readonly now: number };

/** Uses a ticket; true for only one caller, on its host, in its browser, before it expires. */
export async function claimSiteTicket(
  tx: Queries,
  key: TicketKey & { readonly siteBrowser: string },
): Promise<boolean> {
  return (await deleteTicket.run(tx, key)) === 1;
}

const deleteTicket = statement((db: Queries, p: Param<TicketKey & { siteBrowser: string }>) =>
  db
    .deleteFrom('site_tickets')
    .where('token_hash', '=', p.tokenHash)
    .where('host', '=', p.host)
    .where('site_browser', '=', p.siteBrowser)
    .where('expires_at', '>', p.now),
);

/** The session of an unused ticket, in any browser. */
export async function findTicketSession(queries: Queries, key: TicketKey): Promise<string | undefined> {
  return (await ticketSession.first(queries, key))?.session_id;
}

const ticketSession = statement((db: Queries, p: Param<TicketKey>) =>
  db
    .selectFrom('site_tickets')
    .select('session_id')
    .where('token_hash', '=', p.tokenHash)
    .where('host', '=', p.host)
    .where('expires_at', '>', p.now),
);
