import { PATHS } from '#core/paths.ts';
import { isOpenTo, meetsAcr, type SiteRules } from '#core/portals/forward-auth.ts';
import { withResume } from '#core/sessions/resume.ts';
import { isRefusal } from '#core/values/result.ts';
import { kindsFor } from '#flows/authenticators/allowed-kinds.ts';
import { codesWait } from '#http/guard.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { problemHeaders } from '#http/problem.ts';
import { type ProtocolCall, protocol, type Route } from '#http/route.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import { findSite } from '#store/forward-auth/sites.ts';
import type { SiteRequestTable } from '#store/forward-auth/tables.ts';
import { findSiteRequest } from '#store/forward-auth/tickets.ts';
import type { Session } from '#store/sessions/sessions.ts';
import { checkRoutes } from './check-routes.ts';
import { issueTicket, keepVisit, noteOtherPartner } from './enter.ts';
import { needsPasskeyPage, otherPartnerPage, tooManyPage, visitOverPage } from './pages.ts';
import { siteRoutes } from './site-routes.ts';
import { pageAddress, readVisit } from './visit.ts';

export const forwardAuthRoutes: readonly Route[] = [
  ...checkRoutes,
  protocol({ methods: ['GET'], path: '/forward-auth/begin', guard: 'public', handle: begin }),
  protocol({ methods: ['GET'], path: '/forward-auth/continue/:id', guard: 'public', handle: goOn }),
  ...siteRoutes,
];

/** A browser arrives from a protected host. Its visit is stored, and the sign-in carries its id along. */
async function begin({ env, client, search, browser, session, view }: ProtocolCall): Promise<Reply> {
  const visit = readVisit(env, new URLSearchParams(search).get('visit') ?? '');
  if (visit === undefined || !(await findSite(env.db.read, visit.host))) return show(visitOverPage(view), 404);
  // The address is from the browser history. Its ticket would be bound to a cookie of that time.
  if (visit.expiresAt <= env.now()) return leave(pageAddress(visit));
  const id = await keepVisit(env, visit, { browser, session }, client);
  if (isRefusal(id)) return { ...show(tooManyPage(view), 429), headers: problemHeaders(id) };
  return { ...seeOther(continuePath(id)), bindsBrowser: true };
}

/** The next page that this person needs before the host lets them in: a missing step, or the way back with a ticket. */
async function goOn(call: ProtocolCall): Promise<Reply> {
  const { env, params, browser, session, client, view } = call;
  const { id = '' } = params;
  const visit = await findSiteRequest(env.db.read, { id, browser, now: env.now() });
  const site = visit && (await findSite(env.db.read, visit.host));
  if (visit === undefined || site === undefined) return show(visitOverPage(view), 404);
  if (session === undefined) return seeOther(withResume(PATHS.signIn, continuePath(id)));
  if (!isOpenTo(site, session.user.partnerId)) {
    await noteOtherPartner(env, session, site.host, client);
    return show(otherPartnerPage({ ...view, resume: continuePath(id) }, session.user.email), 403);
  }
  if (codesWait(session, env.now())) return seeOther(withResume(PATHS.newRecoveryCodes, continuePath(id)));
  if (!meetsAcr(site, session.amr)) return proveMore(call, site, session);
  const ticket = await issueTicket(env, visit, { site, session });
  return ticket === undefined ? show(visitOverPage(view), 404) : leave(ticketAddress(visit, ticket));
}

/** A person with an authenticator proves it, a person without one sets it up. Both return to the visit. */
async function proveMore({ env, params, view }: ProtocolCall, { acr }: SiteRules, session: Session): Promise<Reply> {
  const factors = await factorsOf(env.db.read, session.user.id);
  const back = continuePath(params.id ?? '');
  if (acr !== 'phr') return seeOther(withResume(factors ? PATHS.stepUp : PATHS.authenticator, back));
  if (!kindsFor(env, session).includes('passkey')) return show(needsPasskeyPage(view), 403);
  const hasPasskey = factors !== undefined && factors.passkeys.length > 0;
  return seeOther(withResume(hasPasskey ? PATHS.stepUpPasskey : PATHS.addPasskey, back));
}

function continuePath(id: string): string {
  return `/forward-auth/continue/${id}`;
}

/** Built from the registered host and a checked path, so no request can choose the host. */
function ticketAddress(visit: SiteRequestTable, ticket: string): string {
  const { host, scheme, return_path: path } = visit;
  const query = new URLSearchParams({ ticket, to: path });
  return pageAddress({ host, scheme, path: `/.sallyport/return?${query}` });
}

function leave(location: string): Reply {
  return { ...seeOther(location), leavesFlow: true };
}
