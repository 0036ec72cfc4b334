import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import { test as base, expect } from '@playwright/test';
import { makeLink } from '#flows/administration/make-link.ts';
import { sendCode, shownSecret } from '../ways.ts';
import { openSite, PASSWORD, pressButton, type Site, signIn } from '../world.ts';

/**
 * A portal whose own address redirects to another origin, like an apex domain to its `www`, and a site that leads
 * there.
 */
const test = base.extend<{ site: Site; arrived: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from the pattern
  arrived: async ({}, use) => {
    const servers: Server[] = [];
    const listen = async (answer: Parameters<typeof createServer>[1]) => {
      const server = createServer(answer);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      servers.push(server);
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    };
    const www = await listen((_, response) =>
      response.setHeader('content-type', 'text/html').end('<h1>The portal</h1>'),
    );
    const apex = await listen((_, response) => response.writeHead(302, { location: `${www}/start` }).end());
    await use(apex);
    for (const server of servers) server.close();
  },
  site: async ({ arrived }, use) => {
    const cleanups: (() => unknown)[] = [];
    const settings = { SALLYPORT_PORTAL_URL: `${arrived}/` };
    const site = await openSite({ after: (work) => void cleanups.push(work) }, settings);
    await use(site);
    for (const work of cleanups.reverse()) await work();
  },
  baseURL: async ({ site }, use) => use(site.origin),
});

async function expectPortal(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('The portal');
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(`a portal that redirects to another origin, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, () => {
    test.use({ javaScriptEnabled });

    test('Sign in leads there, and Back from it asks nothing', async ({ page, site }) => {
      const { email } = await site.newPerson({ policy: 'off' });
      await signIn(page, email);
      await expectPortal(page);
      await page.goBack();
      // The sign-in page redirects a signed-in person or is shown. It never offers to send a form again.
      expect(page.url()).not.toContain('chrome-error');
    });

    test('Verify leads there, and so does the same form sent again', async ({ page, context, site }) => {
      const person = await site.newPerson();
      const secret = await site.world.addAuthenticator(person.id);
      const other = await context.newPage();
      await signIn(page, person.email);
      await expect(page.getByLabel('One-time code')).toBeVisible();
      await other.goto(`${site.origin}/sign-in/one-time-code`);
      await sendCode(page, site.world.totp(secret));
      await page.getByRole('link', { name: 'Continue', exact: true }).click();
      await expectPortal(page);
      await sendCode(other, '000000');
      await expectPortal(other);
    });

    test('an invitation, the set-up and Done lead there; a second sign-in by a recovery code over its notice', async ({
      page,
      site,
    }) => {
      const { world } = site;
      const partner = await world.addPartner({ slug: 'invited' });
      const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id, password: undefined });
      const link = await world.env.db.transaction((tx) =>
        makeLink(world.env, tx, { purpose: 'invitation', userId: bo.id }),
      );
      await page.goto(link.url);
      await page.getByLabel('Name', { exact: true }).fill('Bo Lind');
      await page.getByLabel('New password').fill(PASSWORD);
      await pressButton(page, 'Continue');
      await pressButton(page, 'Get Started');
      await sendCode(page, world.totp(await shownSecret(page)));
      const code = (await page.locator('ol.codes li').first().textContent()) ?? '';
      await page.getByLabel('I have saved these recovery codes').check();
      await pressButton(page, 'Done');
      await expectPortal(page);

      await page.goto(`${site.origin}/`);
      await pressButton(page, 'Sign out');
      await signIn(page, bo.email);
      await page.getByRole('link', { name: 'Use a recovery code' }).click();
      await page.getByLabel('Recovery code').fill(code);
      await pressButton(page, 'Verify');
      await page.getByRole('link', { name: 'Continue' }).click();
      await expectPortal(page);
    });

    test('“Not now” and a link to set a password lead there', async ({ page, site }) => {
      const { world } = site;
      const { id, email } = await site.newPerson({ policy: 'optional' });
      await signIn(page, email);
      await pressButton(page, 'Not now');
      await expectPortal(page);
      const link = await world.env.db.transaction((tx) => makeLink(world.env, tx, { purpose: 'reset', userId: id }));
      await page.goto(link.url);
      await page.getByLabel('New password').fill('marble canyon thirteen owls');
      await pressButton(page, 'Save');
      await signIn(page, email, 'marble canyon thirteen owls');
      await expectPortal(page);
    });

    test('a sign-in page from before a sign-in in another tab leads there too', async ({ page, context, site }) => {
      const person = await site.newPerson();
      const secret = await site.world.addAuthenticator(person.id);
      await page.goto('/sign-in');
      const other = await context.newPage();
      await other.goto(`${site.origin}/sign-in`);
      await other.getByLabel('Email', { exact: true }).fill(person.email);
      await other.getByLabel('Password', { exact: true }).fill(PASSWORD);
      await pressButton(other, 'Sign in');
      await sendCode(other, site.world.totp(secret));
      await other.getByRole('link', { name: 'Continue', exact: true }).click();
      await expectPortal(other);
      // The earlier sign-in page: its form signs in again and requires a code for this sign-in.
      await page.getByLabel('Email', { exact: true }).fill(person.email);
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
      site.world.clock.at += 30;
      await pressButton(page, 'Sign in');
      await sendCode(page, site.world.totp(secret));
      await page.getByRole('link', { name: 'Continue', exact: true }).click();
      await expectPortal(page);
    });
  });
}
