import type { SiteRules } from '#core/portals/forward-auth.ts';
import { readHost } from '#core/portals/protected-host.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { actingTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { countSiteSessions } from '#store/forward-auth/site-sessions.ts';
import { createSite, deleteSite } from '#store/forward-auth/sites.ts';
import { findPartnerBySlug } from '#store/partners/partners.ts';
import { type Actor, actorClient, actorId } from './actor.ts';

type TypedSite = {
  readonly host: string;
  readonly acr: SiteRules['acr'];
  /** The slugs of the partners that may use it; empty: everybody. */
  readonly partners: readonly string[];
};

/** Adds a host to forward-auth. */
export async function addSite(
  env: Env,
  actor: Actor,
  typed: TypedSite,
  around: Around<SiteRules> = plainly,
): Promise<SiteRules | Refusal> {
  const host = readHost(typed.host);
  if (host === undefined) return refuse('invalid_request', { reason: 'host' });
  return actingTransaction(env, actor, around, async (tx) => {
    const partnerIds: string[] = [];
    for (const slug of new Set(typed.partners)) {
      const partner = await findPartnerBySlug(tx, slug);
      if (partner === undefined) return refuse('not_found', { reason: 'partner' });
      partnerIds.push(partner.id);
    }
    const site = { host, acr: typed.acr, partnerIds };
    if (!(await createSite(tx, site, env.now()))) return refuse('invalid_request', { reason: 'host_taken' });
    const detail = { host, acr: site.acr, partners: partnerIds.length };
    await appendEvent(env, tx, { action: 'site.added', actor: actorId(actor), detail }, actorClient(actor));
    return site;
  });
}

type RemovedSite = { readonly host: string; readonly sessions: number };

/** Removes a host, and the sessions there. */
export async function removeSite(
  env: Env,
  actor: Actor,
  typed: string,
  around: Around<RemovedSite> = plainly,
): Promise<RemovedSite | Refusal> {
  const host = readHost(typed) ?? '';
  return actingTransaction<RemovedSite>(env, actor, around, async (tx) => {
    const sessions = await countSiteSessions(tx, host);
    if (!(await deleteSite(tx, host))) return refuse('not_found', { reason: 'site' });
    const detail = { host, sessions };
    await appendEvent(env, tx, { action: 'site.removed', actor: actorId(actor), detail }, actorClient(actor));
    return detail;
  });
}
