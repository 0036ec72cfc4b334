import type { Page } from '@playwright/test';
import { deliverLogouts } from '#webhooks/logouts.ts';
import { expect, pressButton } from '../world.ts';
import { everywhere, signInAtSallyport, stepOf, test } from './portal-world.ts';

const PERMISSION = 'Ledger asks for your permission';

everywhere(() => {
  test('a portal of another company is denied, then allowed once, and asks again for more', async ({
    page,
    site,
    open,
    look,
  }) => {
    const ana = await site.newPerson({ policy: 'off' });
    const ledger = await open({ name: 'Ledger', isThirdParty: true });
    await page.goto(`${ledger}/sign-in`);
    await signInAtSallyport(page, ana.email);
    await look(PERMISSION);
    await pressButton(page, 'Deny');
    await look('You can’t use this portal');

    await page.goto(`${ledger}/sign-in`);
    await look(PERMISSION);
    await expect(page.getByRole('listitem')).toContainText(['signed in', 'name and language', 'your company']);
    await pressButton(page, 'Allow');
    await look('Hello, Ana Silva');

    await page.goto(`${ledger}/sign-in`);
    await look('Hello, Ana Silva');

    await page.goto(await requestOf(page, ledger, { scope: 'openid profile partner email' }));
    await look(PERMISSION);
    await expect(page.getByRole('listitem').filter({ hasText: 'your email' })).toBeVisible();
    await pressButton(page, 'Allow');
    await look('Hello, Ana Silva');
  });

  test('a portal for the people of other companies says so, and its portal learns it', async ({
    page,
    site,
    open,
    look,
  }) => {
    await site.world.addPartner({ slug: 'nordlicht', name: 'Nordlicht Logistics' });
    const ana = await site.newPerson({ policy: 'off' });
    const ledger = await open({ name: 'Ledger', partners: ['nordlicht'] });
    await page.goto(`${ledger}/sign-in`);
    await signInAtSallyport(page, ana.email);
    await look('This application isn’t open to your company');
    const callback = page.waitForRequest(/\/callback\?/);
    await page.getByRole('link', { name: /^Back to/ }).click();
    await look('You can’t use this portal');
    expect(new URL((await callback).url()).searchParams.get('error')).toBe('access_denied');
  });

  test('a portal that cannot say who signs out has the person asked', async ({ page, site, portal, look }) => {
    site.world.clock.at = stepOf(0);
    const ana = await site.newPerson({ policy: 'off' });
    await page.goto('/sign-in');
    const clientId = new URL(await requestOf(page, portal)).searchParams.get('client_id') ?? '';
    await signInAtSallyport(page, ana.email);
    await look('Hello, Ana Silva');
    const asked = { client_id: clientId, post_logout_redirect_uri: `${portal}/signed-out` };
    await page.goto(`${site.origin}/oidc/sign-out?${new URLSearchParams(asked)}`);
    await look('Sign out?');
    await page.getByRole('main').getByRole('button', { name: 'Sign out' }).click();
    await look('You are signed out');
    expect(page.url()).toBe(`${portal}/signed-out`);
    await deliverLogouts(site.world.env);
    await page.goto(portal);
    await expect(page.getByRole('link', { name: 'Sign in' })).toBeVisible();
  });

  test('a sign-out that no portal asked for ends at a page of ours', async ({ page, site, look }) => {
    const ana = await site.newPerson({ policy: 'off' });
    await page.goto(`${site.origin}/sign-in`);
    await signInAtSallyport(page, ana.email);
    await page.goto(`${site.origin}/oidc/sign-out`);
    await look('Sign out?');
    await page.getByRole('main').getByRole('button', { name: 'Sign out' }).click();
    await look('You are signed out');
    await page.goto(site.origin);
    await expect(page.getByLabel('Password', { exact: true })).toBeVisible();
  });
});

/** The parameters that a portal sends to Sallyport with this browser, and more. */
async function requestOf(page: Page, portal: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const answer = await page.request.get(`${portal}/sign-in`, { maxRedirects: 0 });
  const request = new URL(answer.headers().location ?? '');
  for (const [name, value] of Object.entries(more)) request.searchParams.set(name, value);
  return request.href;
}
