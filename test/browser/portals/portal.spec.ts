import { deliverLogouts } from '#webhooks/logouts.ts';
import { sendCode, shownSecret } from '../ways.ts';
import { expect, heading, pressButton } from '../world.ts';
import { everywhere, signInAtSallyport, stepOf, test } from './portal-world.ts';

everywhere(() => {
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

    // The set-up used its code ten minutes ago.
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

  test('a person who turns back before Payouts reads that it needs a second factor', async ({ page, site, look }) => {
    const ana = await site.newPerson({ policy: 'off' });
    await page.goto('/payouts');
    await signInAtSallyport(page, ana.email);
    await page.getByRole('link', { name: /^Back to/ }).click();
    await look('A second factor is required');
    await page.getByRole('link', { name: 'Back to the start' }).click();
    await expect(heading(page)).toHaveText('Partner Interface');
  });

  test('a person without a phone is led to Payouts over a set-up, by one password', async ({ page, site, look }) => {
    site.world.clock.at = stepOf(0);
    const ana = await site.newPerson({ policy: 'off' });
    await page.goto('/payouts');
    await signInAtSallyport(page, ana.email);
    await look('Set up two-factor authentication');
    await pressButton(page, 'Get Started');
    await look('Connect your authenticator app');
    await sendCode(page, site.world.totp(await shownSecret(page)));
    await look('Save your recovery codes');
    await page.getByLabel('I have saved these recovery codes').check();
    await pressButton(page, 'Done');
    await look('Payouts');
  });

  test('a second portal asks for nothing, and one sign-out ends both', async ({ page, site, portal, open, look }) => {
    site.world.clock.at = stepOf(0);
    const ana = await site.newPerson({ policy: 'off' });
    const other = await open({ name: 'Ledger' });
    await page.goto('/sign-in');
    await signInAtSallyport(page, ana.email);
    await look('Hello, Ana Silva');
    const shown: string[] = [];
    page.on('domcontentloaded', (shownPage) => void shown.push(new URL(shownPage.url()).origin));
    await page.goto(`${other}/account`);
    await look('Hello, Ana Silva');
    expect(shown).toEqual([other]);
    await pressButton(page, 'Sign out everywhere');
    await look('You are signed out');
    expect(new URL(page.url()).origin).toBe(other);
    await deliverLogouts(site.world.env);
    await page.goto(portal);
    await expect(page.getByRole('link', { name: 'Sign in' })).toBeVisible();
  });
});

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
  await look('This sign-in has ended');
});
