import { AxeBuilder } from '@axe-core/playwright';
import { test as base, type Page } from '@playwright/test';
import { addPortal, startPortal } from '#demo/portal.ts';
import { deliverLogouts } from '#webhooks/logouts.ts';
import { sendCode, shownSecret } from './ways.ts';
import { expect, freePort, heading, openSite, PASSWORD, pressButton, type Site, watchFaults } from './world.ts';

const AXE = {
  runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] },
  resultTypes: ['violations'],
} satisfies Parameters<AxeBuilder['options']>[0];

// Whoever judges tokens goes by the machine's clock. Ours starts ten minutes behind, so that a proof can become old.
const BEHIND_SECONDS = 10 * 60;

type Two = {
  readonly site: Site;
  readonly portal: string;
  readonly faults: string[];
  readonly look: (title: string) => Promise<void>;
};

/** The example portal as the demo runs it, and the service that signs its people in. */
const test = base.extend<Two>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from the pattern
  site: async ({}, use) => {
    const cleanups: (() => unknown)[] = [];
    const site = await openSite({ after: (work) => void cleanups.push(work) }, {}, { at: stepOf(-BEHIND_SECONDS) });
    await use(site);
    for (const work of cleanups.reverse()) await work();
  },
  portal: async ({ site }, use) => {
    const url = `http://localhost:${await freePort()}`;
    const running = await startPortal(await addPortal(site.world.env, url), { url, issuer: site.origin });
    await use(url);
    running.close();
  },
  // axe is a script: without them the page is the same.
  look: async ({ page, javaScriptEnabled }, use) => use((title) => lookAt(page, title, javaScriptEnabled)),
  baseURL: async ({ portal }, use) => use(portal),
  faults: [
    async ({ context, site, portal }, use) => {
      const faults = watchFaults(context, site.origin, portal);
      await use(faults);
      expect(faults).toEqual([]);
    },
    { auto: true },
  ],
});

for (const javaScriptEnabled of [true, false]) {
  for (const width of [320, 1280]) {
    test.describe(`with JavaScript ${javaScriptEnabled ? 'on' : 'off'} at ${width} px`, () => {
      test.use({ javaScriptEnabled, viewport: { width, height: 800 } });

      test('from the portal to Payouts with a new phone, and out everywhere', async ({ page, site, look }) => {
        const { world } = site;
        const ana = await site.newPerson();
        await page.goto('/');
        await look('Partner Interface');
        await page.getByRole('link', { name: 'Sign in' }).click();
        await signInAtSallyport(page, ana.email);
        await pressButton(page, 'Get Started');
        const secret = await shownSecret(page);
        await sendCode(page, world.totp(secret));
        await page.getByLabel('I have saved these recovery codes').check();
        await pressButton(page, 'Done');

        await look('Hello, Ana Silva');
        await expect(page.getByText('a password and a one-time code')).toBeVisible();
        await expect(page.getByText('Two factors')).toBeVisible();

        // The code of the set-up was ten minutes ago.
        world.clock.at = stepOf(0);
        await page.getByRole('link', { name: 'Payouts' }).click();
        await signInAtSallyport(page, ana.email);
        await sendCode(page, world.totp(secret));
        await look('Payouts');
        await expect(page.getByRole('table')).toContainText('September');
        await page.reload();
        await expect(heading(page)).toHaveText('Payouts');

        await pressButton(page, 'Sign out everywhere');
        await look('You are signed out');
        await page.goto('/account');
        await expect(page.getByLabel('Password', { exact: true })).toBeVisible();
        await page.goto(site.origin);
        await expect(page.getByLabel('Password', { exact: true })).toBeVisible();
      });

      test('whoever turns back before Payouts is told that it needs a second factor', async ({ page, site, look }) => {
        const ana = await site.newPerson({ policy: 'off' });
        await page.goto('/payouts');
        await signInAtSallyport(page, ana.email);
        await page.getByRole('link', { name: /^Back to/ }).click();
        await look('A second factor is needed');
        await page.getByRole('link', { name: 'Back to the start' }).click();
        await expect(heading(page)).toHaveText('Partner Interface');
      });
    });
  }
}

test('two tabs that sign in to the portal both arrive', async ({ page, context, site }) => {
  const ana = await site.newPerson({ policy: 'off' });
  const other = await context.newPage();
  await page.goto('/sign-in');
  await other.goto('/sign-in');
  await signInAtSallyport(page, ana.email);
  await expect(heading(page)).toHaveText('Hello, Ana Silva');
  await signInAtSallyport(other, ana.email);
  await expect(heading(other)).toHaveText('Hello, Ana Silva');
});

test('who signs out at Sallyport is signed out of the portal', async ({ page, site, portal }) => {
  site.world.clock.at = stepOf(0);
  const ana = await site.newPerson({ policy: 'off' });
  await page.goto('/sign-in');
  await signInAtSallyport(page, ana.email);
  await expect(heading(page)).toHaveText('Hello, Ana Silva');
  await page.goto(site.origin);
  await pressButton(page, 'Sign out');
  await expect(heading(page)).toHaveText('Sign in');
  await page.goto(portal);
  await expect(page.getByRole('link', { name: 'Account' })).toBeVisible();
  await deliverLogouts(site.world.env);
  await page.reload();
  await expect(page.getByRole('link', { name: 'Sign in' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Account' })).toHaveCount(0);
});

test('a callback that is opened again says that this sign-in is over', async ({ page, site, look }) => {
  const ana = await site.newPerson({ policy: 'off' });
  const callback = page.waitForRequest(/\/callback\?/);
  await page.goto('/sign-in');
  await signInAtSallyport(page, ana.email);
  await expect(heading(page)).toHaveText('Hello, Ana Silva');
  expect((await page.goto((await callback).url()))?.status()).toBe(400);
  await look('This sign-in is over');
});

async function signInAtSallyport(page: Page, email: string): Promise<void> {
  await page.getByLabel('Email', { exact: true }).fill(email);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await pressButton(page, 'Sign in');
}

/** Waits for a page of the portal: nothing is wider than the screen and, where scripts run, axe finds nothing. */
async function lookAt(page: Page, title: string, withAxe: boolean): Promise<void> {
  await expect(heading(page)).toHaveText(title);
  const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  expect(overflow).toBe(0);
  for (const colorScheme of withAxe ? (['light', 'dark'] as const) : []) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).options(AXE).setLegacyMode().analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  }
}

/** The beginning of a step of 30 seconds, so many seconds from now. */
function stepOf(seconds: number): number {
  const at = Math.floor(Date.now() / 1000) + seconds;
  return at - (at % 30);
}
