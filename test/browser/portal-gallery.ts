import { withResume } from '#core/sessions/resume.ts';
import { waitingRequest } from '../portal/waiting-request.ts';
import { type Picture, type Stage, signedIn } from './ways.ts';

/** Opens a page that is about the request of a portal; the request waits in this very browser. */
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
  'portal-signed-out': async ({ page }) => page.goto('/oidc/signed-out'),
  'portal-unknown': async ({ page }) => page.goto('/oidc/authorize?client_id=nobody'),
  'portal-gone': async ({ page }) => page.goto(`/oidc/continue/${'x'.repeat(43)}`),
};

export const PORTAL_SEEN: Readonly<Record<string, readonly string[]>> = {
  '/consent': ['consent'],
  '/oidc/choose': ['choose'],
  '/oidc/signed-out': ['portal-signed-out'],
};
