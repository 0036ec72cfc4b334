import { withResume } from '#core/sessions/resume.ts';
import type { DescribedClient } from '#flows/administration/openid-clients.ts';
import { makeClient } from '../../stories/openid/client-story.ts';
import { waitingRequest } from '../../stories/openid/waiting-request.ts';
import { type Picture, passwordOnly, type Stage, signedIn } from '../ways.ts';

/** Opens a page for the request of a portal. The request is bound to this browser. */
async function openWithRequest({ site, page }: Stage, path: string): Promise<void> {
  const cookies = await page.context().cookies();
  const formCookie = cookies.find(({ name }) => name.endsWith('-form'))?.value ?? '';
  const userAgent = await page.evaluate<string>('navigator.userAgent');
  await page.goto(withResume(path, await waitingRequest(site.world, formCookie, userAgent)));
}

function atRequest(path: string): Picture {
  return async (stage) => {
    await signedIn(stage, '/help');
    await openWithRequest(stage, path);
  };
}

/** The parameters that a portal sends with a browser. */
async function ask({ site, page }: Stage, described: Partial<DescribedClient>, more = {}): Promise<void> {
  const { client } = await makeClient(site.world.env, described);
  const asked = {
    ...{ client_id: client.id, redirect_uri: client.redirectUris[0] ?? '', response_type: 'code', scope: 'openid' },
    ...{ code_challenge: 'x'.repeat(43), code_challenge_method: 'S256', ...more },
  };
  await page.goto(`/oidc/authorize?${new URLSearchParams(asked)}`);
}

export const PORTAL_GALLERY: Readonly<Record<string, Picture>> = {
  consent: atRequest('/consent'),
  choose: atRequest('/oidc/choose'),
  'portal-sign-in': async (stage) => {
    await stage.page.goto('/help');
    await openWithRequest(stage, '/sign-in');
  },
  'portal-sign-out': async (stage) => {
    await signedIn(stage, '/help');
    await stage.page.goto('/oidc/sign-out');
  },
  'portal-set-up': async (stage) => {
    await passwordOnly(stage, '/help');
    await openWithRequest(stage, '/security/authenticator');
  },
  'portal-step-up': async (stage) => {
    await signedIn(stage, '/help');
    stage.site.world.clock.at += 400;
    await openWithRequest(stage, '/step-up');
  },
  'portal-not-for-them': async (stage) => {
    const slug = `only-${stage.site.world.env.newId()}`;
    await stage.site.world.addPartner({ slug, name: 'Nordlicht Logistics' });
    await passwordOnly(stage, '/help');
    await ask(stage, { partners: [slug] });
  },
  'portal-form-post': async (stage) => {
    await passwordOnly(stage, '/help');
    // Without its script the page stays, as in a browser without scripts.
    await stage.page.route(/\/page\b[^/]*\.js/, (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
    await ask(stage, {}, { response_mode: 'form_post' });
  },
  'portal-signed-out': async ({ page }) => page.goto('/oidc/signed-out'),
  'portal-unknown': async ({ page }) => page.goto('/oidc/authorize?client_id=nobody'),
  'portal-gone': async ({ page }) => page.goto(`/oidc/continue/${'x'.repeat(43)}`),
};

export const PORTAL_SEEN: Readonly<Record<string, readonly string[]>> = {
  '/consent': ['consent'],
  '/oidc/choose': ['choose'],
  '/oidc/signed-out': ['portal-signed-out'],
};
