import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test as base, type Page } from '@playwright/test';
import { createSite } from '#store/forward-auth/sites.ts';
import { startProxy } from '../../stories/web-servers/proxies.ts';
import { expect, freePort, openSite, pressButton, type Site, watchFaults } from '../world.ts';
import { everywhere, lookAt, signInAtSallyport } from './portal-world.ts';

type Behind = {
  /** The protected host, as a browser addresses it. */
  readonly app: string;
  /** Where people sign in. */
  readonly signIn: string;
  readonly site: Site;
  readonly look: (title: string) => Promise<void>;
  readonly protect: (rules?: { acr?: 'mfa'; partnerIds?: readonly string[] }) => Promise<void>;
};

/** A plain portal behind nginx with the documented configuration, and the sign-in behind the same nginx. */
const test = base.extend<{ behind: Behind }>({
  behind: async ({ page, context, javaScriptEnabled }, use) => {
    const cleanups: (() => unknown)[] = [];
    const after = (work: () => unknown) => void cleanups.push(work);
    const ports = {
      ...{ app: await freePort(), signIn: await freePort(), sallyport: await freePort() },
      portal: await startPortal(after),
    };
    const [app, signIn] = [`http://localhost:${ports.app}`, `http://localhost:${ports.signIn}`];
    const settings = { SALLYPORT_PUBLIC_URL: signIn, SALLYPORT_TRUSTED_PROXIES: '1', PORT: String(ports.sallyport) };
    const site = await openSite({ after }, settings);
    await startProxy({ after }, 'nginx', ports);
    const faults = watchFaults(context, () => [app, signIn]);
    const host = `localhost:${ports.app}`;
    await use({
      ...{ app, signIn, site },
      look: (title) => lookAt(page, title, javaScriptEnabled),
      async protect({ acr, partnerIds = [] } = {}) {
        const rules = { host, acr, partnerIds };
        await site.world.env.db.transaction((tx) => createSite(tx, rules, site.world.clock.at));
      },
    });
    for (const work of cleanups.reverse()) await work();
    expect(faults).toEqual([]);
  },
});

/** A page for every address that shows the user's name. */
function startPortal(after: (work: () => unknown) => void): Promise<number> {
  const server = createServer(({ url, headers }, response) => {
    response.setHeader('content-type', 'text/html');
    const head =
      '<!doctype html><html lang="en"><title>Reports</title><meta name="viewport" content="width=device-width">';
    response.end(
      `${head}<link rel="icon" href="data:,"><main><h1>Reports</h1><p>${url}</p><p>${headers['x-sallyport-email']}</p>`,
    );
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    after(() => server.close());
  });
}

/** The address with the ticket that the browser returns with. */
async function ticketOf(page: Page): Promise<string> {
  return (await page.waitForRequest(/\/\.sallyport\/return\?ticket=/)).url();
}

everywhere(() => {
  test('a first visit is signed in, lands on its page, and signs out there', async ({ page, behind }) => {
    const { app, signIn, site, look, protect } = behind;
    await protect();
    const { email } = await site.newPerson({ policy: 'off' });
    await page.goto(`${app}/reports?month=3`);
    await look('Sign in');
    expect(new URL(page.url()).origin).toBe(signIn);
    const ticket = ticketOf(page);
    await signInAtSallyport(page, email);
    await look('Reports');
    expect(page.url()).toBe(`${app}/reports?month=3`);
    await expect(page.getByText(email)).toBeVisible();

    // Back, or the browser history: the ticket is used, the cookie is live.
    await page.goto(await ticket);
    await look('Reports');
    expect(page.url()).toBe(`${app}/reports?month=3`);

    await page.goto(`${app}/.sallyport/sign-out`);
    await look('Sign out');
    await page.getByRole('link', { name: 'Stay signed in' }).click();
    await look('Reports');
    await page.goto(`${app}/.sallyport/sign-out`);
    await pressButton(page, 'Sign out');
    await look('You are signed out');
    await page.goto(await ticket);
    await look('Sign in');
    await page.goto(signIn);
    await look('Sign in');
  });

  test('a ticket that ran out on the way begins again, unseen', async ({ page, behind }) => {
    const { app, site, look, protect } = behind;
    await protect();
    const { email } = await site.newPerson({ policy: 'off' });
    await page.goto(`${app}/reports`);
    const ticket = ticketOf(page);
    // The browser loses its connection at this point.
    await page.route(/\/\.sallyport\/return/, (route) => route.fulfill({ status: 204 }));
    await signInAtSallyport(page, email);
    const address = await ticket;
    await page.unrouteAll();
    site.world.clock.at += 61;
    await page.goto(address);
    await look('Reports');
    expect(page.url()).toBe(`${app}/reports`);
  });

  test('a person of another company is told so, and can be somebody else', async ({ page, behind }) => {
    const { app, site, look, protect } = behind;
    const { id } = await site.world.addPartner({ slug: 'nordlicht', name: 'Nordlicht Logistics', policy: 'off' });
    const mia = await site.world.addUser({ email: 'mia@nordlicht.example', partnerId: id });
    await protect({ partnerIds: [id] });
    const { email } = await site.newPerson({ policy: 'off' });
    await page.goto(`${app}/reports`);
    await signInAtSallyport(page, email);
    await look('This portal isn’t open to your company');
    await page.getByRole('link', { name: 'Use another account' }).click();
    await look('Sign in');
    await signInAtSallyport(page, mia.email);
    await look('Reports');
    await expect(page.getByText(mia.email)).toBeVisible();
  });
});
