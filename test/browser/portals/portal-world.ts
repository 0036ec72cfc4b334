import { test as base, type Page } from '@playwright/test';
import { addPortal, type PortalClient, startPortal } from '#demo/portal.ts';
import type { DescribedClient } from '#flows/administration/openid-clients.ts';
import { makeClient } from '../../stories/openid/client-story.ts';
import { checkWithAxe } from '../axe.ts';
import { expect, freePort, heading, openSite, PASSWORD, pressButton, type Site, watchFaults } from '../world.ts';

// Clients check tokens with the machine's clock. Ours starts ten minutes behind, so that a proof can age.
const BEHIND_SECONDS = 10 * 60;

/** Waits for a page with this heading, and checks it in both colour schemes. */
export type Look = (title: string) => Promise<void>;

type Portals = {
  readonly site: Site;
  /** The address of the portal in the demo. */
  readonly portal: string;
  /** Starts the same example as another client and answers its address. */
  readonly open: (described: Partial<DescribedClient>) => Promise<string>;
  readonly faults: string[];
  readonly look: Look;
};

type Opened = { url: string; close(): void }[];

/** The example portal as the demo runs it, further ones like it, and the service where their people sign in. */
export const test = base.extend<Portals & { opened: Opened }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from the pattern
  site: async ({}, use) => {
    const cleanups: (() => unknown)[] = [];
    const site = await openSite({ after: (work) => void cleanups.push(work) }, {}, { at: stepOf(-BEHIND_SECONDS) });
    await use(site);
    for (const work of cleanups.reverse()) await work();
  },
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from the pattern
  opened: async ({}, use) => {
    const opened: Opened = [];
    await use(opened);
    for (const each of opened) each.close();
  },
  portal: async ({ site, opened }, use) => {
    const url = `http://localhost:${await freePort()}`;
    await start(site, opened, url, await addPortal(site.world.env, url));
    await use(url);
  },
  open: async ({ site, opened }, use) =>
    use(async (described) => {
      const url = `http://localhost:${await freePort()}`;
      const { client, secret } = await makeClient(site.world.env, { ...addressesAt(url), ...described });
      await start(site, opened, url, { clientId: client.id, clientSecret: secret ?? '' });
      return url;
    }),
  // axe is a script. Without scripts the page is the same.
  look: async ({ page, javaScriptEnabled }, use) => use((title) => lookAt(page, title, javaScriptEnabled)),
  baseURL: async ({ portal }, use) => use(portal),
  faults: [
    async ({ context, site, portal, opened }, use) => {
      const faults = watchFaults(context, () => [site.origin, portal, ...opened.map(({ url }) => url)]);
      await use(faults);
      expect(faults).toEqual([]);
    },
    { auto: true },
  ],
});

async function start(site: Site, opened: Opened, url: string, client: PortalClient): Promise<void> {
  opened.push(await startPortal(client, { url, issuer: site.origin }));
}

function addressesAt(url: string) {
  return {
    redirectUris: [`${url}/callback`],
    postLogoutRedirectUris: [`${url}/signed-out`],
    backchannelLogoutUri: `${url}/back-channel-logout`,
    isBackchannelInternal: true,
  };
}

/** Runs stories with JavaScript on and off, on a phone and on a desktop. */
export function everywhere(stories: () => void): void {
  for (const javaScriptEnabled of [true, false]) {
    for (const width of [320, 1280]) {
      test.describe(`with JavaScript ${javaScriptEnabled ? 'on' : 'off'} at ${width} px`, () => {
        test.use({ javaScriptEnabled, viewport: { width, height: 800 } });
        stories();
      });
    }
  }
}

/** The first factor, on the page that a portal redirected to. */
export async function signInAtSallyport(page: Page, email: string): Promise<void> {
  await page.getByLabel('Email', { exact: true }).fill(email);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await pressButton(page, 'Sign in');
}

/** Nothing is wider than the screen, and axe finds nothing where scripts run. */
export async function lookAt(page: Page, title: string, withAxe: boolean): Promise<void> {
  await expect(heading(page)).toHaveText(title);
  const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  expect(overflow).toBe(0);
  if (withAxe) await checkWithAxe(page);
}

/** The start of the 30-second step that contains the time in this many seconds. */
export function stepOf(seconds: number): number {
  const at = Math.floor(Date.now() / 1000) + seconds;
  return at - (at % 30);
}
