import { isOpenTo, meetsAcr, type SiteRules } from '#core/portals/forward-auth.ts';
import type { Client } from '#core/sessions/client.ts';
import { isLiveSession } from '#core/sessions/session.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { networkCounter } from '#flows/sign-in/attempt-counters.ts';
import { noteRefusal } from '#flows/sign-in/note-refusal.ts';
import type { Queries } from '#store/engine/database.ts';
import { holdSession } from '#store/engine/locks.ts';
import { putSiteSession } from '#store/forward-auth/site-sessions.ts';
import type { SiteRequestTable } from '#store/forward-auth/tables.ts';
import {
  claimSiteRequest,
  claimSiteTicket,
  createSiteRequest,
  createSiteTicket,
  findTicketSession,
} from '#store/forward-auth/tickets.ts';
import { reserveTries } from '#store/limits/attempts.ts';
import { findSessionById, type Session } from '#store/sessions/sessions.ts';
import type { Visit } from './visit.ts';

/** Long enough to set up a phone during the sign-in. */
const REQUEST_SECONDS = 60 * 60;

/** Long enough for one redirect. */
const TICKET_SECONDS = 60;

/**
 * Stores a visit while its person signs in, bound to this browser. Strangers can cause these rows, so each network has
 * a limit for people who are not signed in.
 */
export function keepVisit(
  env: Env,
  visit: Visit,
  { browser, session }: { readonly browser: string; readonly session: Session | undefined },
  client: Client,
): Promise<string | Refusal> {
  const id = env.newId();
  const now = env.now();
  const { host, scheme, path, siteBrowser } = visit;
  const limits =
    client.address === undefined || session !== undefined ? [] : [networkCounter(env, 'address-site-request', client)];
  return env.db.transaction(async (tx) => {
    const counted = await reserveTries(tx, limits, now);
    if (isRefusal(counted)) return counted;
    await createSiteRequest(tx, {
      id,
      browser,
      host,
      scheme,
      return_path: path,
      site_browser: siteBrowser,
      created_at: now,
      expires_at: now + REQUEST_SECONDS,
    });
    return id;
  });
}

/** Logs that a person of another partner tried to enter this host. */
export function noteOtherPartner(env: Env, { user }: Session, host: string, client: Client): Promise<void> {
  const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
  const event = { action: 'site.refused', ...whose, detail: { host, reason: 'partner' } } as const;
  // The key limits the log, because a person can repeat this as often as they like.
  return noteRefusal(env, { event, client, key: `site:${host}:${user.id}` });
}

/**
 * Uses up the visit and creates its ticket. Undefined if the visit or the session has ended, or if the session no
 * longer meets the rules of the host.
 */
export function issueTicket(
  env: Env,
  visit: SiteRequestTable,
  { site, session }: { readonly site: SiteRules; readonly session: Session },
): Promise<string | undefined> {
  const token = newToken(env.random);
  return env.db.transaction(async (tx) => {
    const now = env.now();
    if (!(await mayEnter(env, tx, session.id, site))) return undefined;
    const { id, browser, host, site_browser } = visit;
    if (!(await claimSiteRequest(tx, { id, browser, now }))) return undefined;
    await createSiteTicket(tx, {
      id: env.newId(),
      token_hash: tokenHash(token),
      host,
      session_id: session.id,
      site_browser,
      created_at: now,
      expires_at: now + TICKET_SECONDS,
    });
    return token;
  });
}

export type Arriving = {
  readonly ticket: string;
  readonly site: SiteRules;
  /** The browser's cookie on the protected host. */
  readonly cookie: string;
};

/** Uses up a ticket and signs its browser in on the host. Only one caller gets the value of the new cookie. */
export function useTicket(env: Env, { ticket, site, cookie }: Arriving, client: Client): Promise<string | undefined> {
  const token = newToken(env.random);
  return env.db.transaction(async (tx) => {
    const now = env.now();
    const key = { tokenHash: tokenHash(ticket), host: site.host, now };
    const sessionId = await findTicketSession(tx, key);
    // Locks the session before its ticket, like everything that ends a session, so that two transactions never
    // deadlock.
    const session = sessionId === undefined ? undefined : await mayEnter(env, tx, sessionId, site);
    if (session === undefined) return undefined;
    if (!(await claimSiteTicket(tx, { ...key, siteBrowser: tokenHash(cookie) }))) return undefined;
    const { id, user } = session;
    const { host } = site;
    const row = { id: env.newId(), token_hash: tokenHash(token), host, session_id: id, created_at: now };
    await putSiteSession(tx, row);
    const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
    await appendEvent(env, tx, { action: 'site.entered', ...whose, detail: { host, sessionId: id } }, client);
    return token;
  });
}

/** Whether such a ticket waits for a browser. A browser that returns without its cookie stores none. */
export async function isTicketWaiting(env: Env, ticket: string, host: string): Promise<boolean> {
  const key = { tokenHash: tokenHash(ticket), host, now: env.now() };
  return (await findTicketSession(env.db.read, key)) !== undefined;
}

/** Reads and locks the session until the end of the transaction, if it may enter this host. */
async function mayEnter(env: Env, tx: Queries, sessionId: string, site: SiteRules): Promise<Session | undefined> {
  await holdSession(tx, sessionId);
  const session = await findSessionById(tx, sessionId);
  if (!session || !isLiveSession(session, session.user.role, env.now())) return undefined;
  return isOpenTo(site, session.user.partnerId) && meetsAcr(site, session.amr) ? session : undefined;
}
