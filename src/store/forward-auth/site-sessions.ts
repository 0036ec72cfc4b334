import type { SiteRules } from '#core/portals/forward-auth.ts';
import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import { isOpen } from '#store/people/state.ts';
import { type Partner, partnerColumns, partnerOf, type User, userColumns, userOf } from '#store/people/users.ts';
import { siteOf } from './sites.ts';
import type { SiteSessionTable } from './tables.ts';

/** A person's session on a protected host, with the portal session it depends on and the host's current rules. */
export type SiteSession = {
  readonly sessionId: string;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  readonly authTime: number;
  readonly amr: readonly string[];
  readonly user: User;
  readonly partner: Partner | undefined;
  readonly site: SiteRules;
};

/**
 * The session for a cookie of this host. The caller must check `isLiveSession`. A disabled user, or a user of an
 * archived partner, has none. It is one read by one index, like the check of a portal session.
 */
export async function findSiteSession(
  queries: Queries,
  key: { readonly host: string; readonly tokenHash: string },
): Promise<SiteSession | undefined> {
  const row = await byToken.first(queries, key);
  if (row === undefined) return undefined;
  return {
    sessionId: row.session_id,
    lastSeenAt: row.last_seen_at,
    expiresAt: row.expires_at,
    authTime: row.auth_time,
    amr: row.amr.split(' '),
    user: userOf(row),
    partner: partnerOf(row),
    site: siteOf(row),
  };
}

const byToken = statement((db: Queries, p: Param<{ host: string; tokenHash: string }>) =>
  db
    .selectFrom('site_sessions as x')
    .innerJoin('sites as h', 'h.host', 'x.host')
    .innerJoin('sessions as s', 's.id', 'x.session_id')
    .innerJoin('users as u', 'u.id', 's.user_id')
    .leftJoin('partners as p', 'p.id', 'u.partner_id')
    .select(['x.session_id', 'h.host', 'h.acr', 'h.partner_ids', ...userColumns, ...partnerColumns])
    .select(['s.last_seen_at', 's.expires_at', 's.auth_time', 's.amr'])
    .where('x.token_hash', '=', p.tokenHash)
    .where('x.host', '=', p.host)
    .where(isOpen),
);

/** A session has at most one per host: a newer one replaces the older one. */
export async function putSiteSession(tx: Queries, row: SiteSessionTable): Promise<void> {
  const { id, token_hash, created_at } = row;
  await tx
    .insertInto('site_sessions')
    .values(row)
    .onConflict((conflict) => conflict.columns(['session_id', 'host']).doUpdateSet({ id, token_hash, created_at }))
    .execute();
}

/** How many sessions a host has. */
export async function countSiteSessions(queries: Queries, host: string): Promise<number> {
  const row = await queries
    .selectFrom('site_sessions')
    .select((sessions) => sessions.fn.countAll().as('count'))
    .where('host', '=', host)
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}
