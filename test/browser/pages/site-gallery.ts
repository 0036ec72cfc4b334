import { withResume } from '#core/sessions/resume.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import { createApp } from '#http/app.ts';
import type { Queries } from '#store/engine/database.ts';
import { putSiteSession } from '#store/forward-auth/site-sessions.ts';
import { createSite, deleteSite } from '#store/forward-auth/sites.ts';
import { createSiteRequest, createSiteTicket } from '#store/forward-auth/tickets.ts';
import { ROUTES } from '../../../src/routes.ts';
import { type Picture, passwordOnly, type Stage } from '../ways.ts';
import type { Site } from '../world.ts';

/**
 * The protected host of the gallery: the same server under another name, which browsers resolve to their own machine.
 */
export function protectedOrigin({ origin }: Site): string {
  return origin.replace('localhost', 'app.localhost');
}

function hostOf(site: Site): string {
  return new URL(protectedOrigin(site)).host;
}

type Rules = { readonly acr?: 'mfa' | 'phr'; readonly isForOthers?: true };

async function protect({ site }: Stage, { acr, isForOthers }: Rules = {}): Promise<void> {
  const { env } = site.world;
  const host = hostOf(site);
  await env.db.transaction(async (tx) => {
    await deleteSite(tx, host);
    await createSite(tx, { host, acr, partnerIds: [] }, env.now());
    if (isForOthers) await closeToAll(tx, host);
  });
}

/** Allows only the people of one partner, and nobody in this test works there. */
function closeToAll(tx: Queries, host: string): Promise<unknown> {
  return tx.updateTable('sites').set({ partner_ids: 'nobody' }).where('host', '=', host).execute();
}

/** A visit of a person who signed in by password, on the way back to the protected host. */
function onTheWay(rules: Rules): Picture {
  return async (stage) => {
    await passwordOnly(stage, '/help');
    await protect(stage, rules);
    await stage.page.goto(await visit(stage));
  };
}

async function visit({ site, page }: Stage): Promise<string> {
  const { env } = site.world;
  const cookies = await page.context().cookies(site.origin);
  const formCookie = cookies.find(({ name }) => name.endsWith('-form'))?.value ?? '';
  const userAgent = await page.evaluate<string>('navigator.userAgent');
  const id = env.newId();
  const row = { id, browser: tokenHash(`${formCookie}\n${userAgent}`), host: hostOf(site), scheme: 'http' as const };
  const life = { created_at: env.now(), expires_at: env.now() + 600 };
  await env.db.transaction((tx) =>
    createSiteRequest(tx, { ...row, ...life, return_path: '/reports', site_browser: tokenHash('nobody') }),
  );
  return `/forward-auth/continue/${id}`;
}

/** Signs the newest session in on the protected host. Answers its cookie there. */
async function enterSite({ site, page }: Stage): Promise<string> {
  const { env } = site.world;
  const newest = await env.db.read.selectFrom('sessions').select('id').orderBy('id', 'desc').executeTakeFirstOrThrow();
  const [token, host] = [newToken(env.random), hostOf(site)];
  const row = { id: env.newId(), token_hash: tokenHash(token), host, session_id: newest.id, created_at: env.now() };
  await env.db.transaction((tx) => putSiteSession(tx, row));
  const name = `sallyport-${new URL(site.origin).port}-site`;
  await page.context().addCookies([{ name, value: token, url: protectedOrigin(site) }]);
  return `${name}=${token}`;
}

async function ticket({ site }: Stage): Promise<string> {
  const { env } = site.world;
  const newest = await env.db.read.selectFrom('sessions').select('id').orderBy('id', 'desc').executeTakeFirstOrThrow();
  const token = newToken(env.random);
  const row = { id: env.newId(), token_hash: tokenHash(token), host: hostOf(site), session_id: newest.id };
  const life = { created_at: env.now(), expires_at: env.now() + 60 };
  await env.db.transaction((tx) => createSiteTicket(tx, { ...row, ...life, site_browser: tokenHash('nobody') }));
  return token;
}

/** Shows the page that a proxy receives and passes on, without a real proxy. */
async function showAnswerToProxy({ site, page }: Stage, cookie: string): Promise<void> {
  const { env } = site.world;
  const asked = createApp({ ...env, config: { ...env.config, trustedProxies: 1 } }, ROUTES);
  const headers = {
    ...{ cookie, accept: 'text/html', 'accept-language': 'de', 'x-forwarded-for': '192.0.2.7' },
    ...{ 'x-forwarded-host': hostOf(site), 'x-forwarded-proto': 'http', 'x-forwarded-uri': '/reports' },
  };
  const answer = await asked.fetch(new Request(`${site.origin}/forward-auth/redirect`, { headers }));
  const body = await answer.text();
  await page.route(`${protectedOrigin(site)}/reports`, (route) =>
    route.fulfill({ status: answer.status, headers: Object.fromEntries(answer.headers), body }),
  );
  await page.goto(`${protectedOrigin(site)}/reports`);
}

export const SITE_GALLERY: Readonly<Record<string, Picture>> = {
  'site-over': ({ page }) => page.goto('/forward-auth/continue/0'),
  'site-other-partner': onTheWay({ isForOthers: true }),
  'site-needs-passkey': onTheWay({ acr: 'phr' }),
  'site-set-up': onTheWay({ acr: 'mfa' }),
  'site-sign-in': async (stage) => {
    await stage.page.goto('/help');
    await protect(stage);
    await stage.page.goto(withResume('/sign-in', await visit(stage)));
  },
  'site-sign-out': async (stage) => {
    await passwordOnly(stage, '/help');
    await protect(stage);
    await enterSite(stage);
    await stage.page.goto(`${protectedOrigin(stage.site)}/.sallyport/sign-out`);
  },
  'site-signed-out': async (stage) => {
    await protect(stage);
    await stage.page.goto(`${protectedOrigin(stage.site)}/.sallyport/sign-out`);
  },
  'site-refused': async (stage) => {
    await passwordOnly(stage, '/help');
    await protect(stage);
    const cookie = await enterSite(stage);
    await stage.site.world.env.db.transaction((tx) => closeToAll(tx, hostOf(stage.site)));
    await showAnswerToProxy(stage, cookie);
  },
  'site-cookies-off': async (stage) => {
    await passwordOnly(stage, '/help');
    await protect(stage);
    await stage.page.goto(`${protectedOrigin(stage.site)}/.sallyport/return?ticket=${await ticket(stage)}&to=/reports`);
  },
};
