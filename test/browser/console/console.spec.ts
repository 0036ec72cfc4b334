import type { Page } from '@playwright/test';
import { dayText } from '../ways.ts';
import { enter, expect, pressButton, type Site, test } from '../world.ts';

for (const javaScriptEnabled of [true, false]) {
  test.describe(`the roll-out, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, () => {
    test.use({ javaScriptEnabled });

    test('finds a partner, sees whom a date hits before it is set, and exempts one person', async ({ page, site }) => {
      await openPortal(site);
      await enter(page, site, await site.newPerson({ role: 'csm' }));
      await page.goto('/console/partners');
      const rows = page.locator('#results tbody tr');
      await expect(rows).toHaveCount(3);
      await page.locator('#q').pressSequentially('nordl');
      if (!javaScriptEnabled) await pressButton(page, 'Apply');
      await expect(rows).toHaveCount(1);
      await page.getByRole('link', { name: 'Nordlicht Insurance' }).click();

      await page.getByRole('link', { name: 'Change policy' }).click();
      await page.getByLabel('Required from a date').check();
      await pressButton(page, 'Preview impact');
      await expect(page.getByRole('alert')).toContainText('Choose a future date');
      await expect(page.getByLabel('Required from a date')).toBeChecked();
      await page.getByLabel('From', { exact: true }).fill(dayText(site.world.clock.at, 20));
      await pressButton(page, 'Preview impact');
      await expect(page.locator('.preview')).toContainText('2 of 3 people have no authenticator.');
      await pressButton(page, 'Change the policy of Nordlicht Insurance');
      await expect(page.getByRole('status').first()).toContainText('Policy changed. See recent activity.');
      await expect(page.locator('ul.rows').first()).toContainText(/Required from\s+February 4, 2027/);
      await expect(page.locator('ul.rows').first()).toContainText('Sent to people without an authenticator on');

      await page.getByLabel('Status').selectOption('No MFA');
      if (!javaScriptEnabled) await pressButton(page, 'Apply');
      await expect(rows).toHaveCount(2);
      await expect(rows.filter({ hasText: 'Eva Krause' })).toHaveCount(0);
      await page.getByRole('link', { name: 'Bo Lind' }).click();
      await page.getByRole('link', { name: 'Exempt from MFA' }).click();
      await page.getByLabel('Reason').fill('on a ship until spring');
      await page.getByLabel('Last day').fill(dayText(site.world.clock.at, 400));
      await pressButton(page, 'Exempt Bo Lind from MFA');
      await expect(page.getByRole('alert')).toContainText('Choose a date from today to one year ahead');
      await expect(page.getByLabel('Reason')).toHaveValue('on a ship until spring');
      await page.getByLabel('Last day').fill(dayText(site.world.clock.at, 90));
      await pressButton(page, 'Exempt Bo Lind from MFA');
      await expect(page.locator('ul.rows').first()).toContainText('Reason: on a ship until spring');
      await page.getByRole('link', { name: 'Nordlicht Insurance' }).click();
      await expect(page.locator('ul.rows').first()).toContainText('1 person is missing. 1 more is exempt.');
    });
  });
}

test('a list follows what is typed: without a new page, and with its address', async ({ page, site }) => {
  await openList(page, site);
  const documents = countDocuments(page);
  const field = page.locator('#q');
  const names = page.locator('#results tbody a');
  await field.pressSequentially('nor');
  await expect(names).toHaveText(['Nordlicht Insurance', 'Northern Line']);
  await expect(page.getByRole('status')).toHaveText('2 partner accounts');
  await field.pressSequentially('dli');
  await expect(names).toHaveText(['Nordlicht Insurance']);
  await expect(page).toHaveURL(/\?q=nordli&/);
  await expect(field).toBeFocused();
  await field.fill('');
  await expect(names).toHaveCount(3);
  expect(documents()).toBe(0);
  await field.fill('northern');
  await expect(names).toHaveCount(1);
  await page.reload();
  await expect(field).toHaveValue('northern');
  await expect(names).toHaveText(['Northern Line']);
});

test('an answer that comes late does not take the place of a newer one', async ({ page, site }) => {
  await openList(page, site);
  const late = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  await page.route(/\?q=n&/, async (route) => {
    const response = await route.fetch();
    await late.promise;
    await route.fulfill({ response });
    arrived.resolve();
  });
  const field = page.locator('#q');
  const names = page.locator('#results tbody a');
  const asked = page.waitForRequest(/\?q=n&/);
  await field.pressSequentially('n');
  await asked;
  await field.pressSequentially('ordl');
  await expect(names).toHaveText(['Nordlicht Insurance']);
  late.resolve();
  await arrived.promise;
  // The script has handled the event once a later request of the page is answered.
  await page.evaluate('fetch("/healthz").then((answer) => answer.text())');
  await expect(page).toHaveURL(/\?q=nordl&/);
  await expect(names).toHaveText(['Nordlicht Insurance']);
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test('the same list is a form with a button', async ({ page, site }) => {
    await openList(page, site);
    const names = page.locator('#results tbody a');
    await page.locator('#q').pressSequentially('nor');
    await expect(names).toHaveCount(3);
    await page.keyboard.press('Enter');
    await expect(names).toHaveText(['Nordlicht Insurance', 'Northern Line']);
    await page.locator('#q').fill('nobody');
    await pressButton(page, 'Apply');
    await page.getByRole('link', { name: 'Show all' }).click();
    await expect(names).toHaveCount(3);
  });
});

/** Two partners with similar names and one with another; three people at the first, one of them with MFA. */
async function openPortal({ world }: Site): Promise<void> {
  const { id: partnerId } = await world.addPartner({ name: 'Nordlicht Insurance', slug: 'nordlicht', policy: 'off' });
  await world.addPartner({ name: 'Northern Line', slug: 'northern' });
  await world.addPartner();
  for (const name of ['Bo Lind', 'Chloé Martin', 'Eva Krause']) {
    const email = `${name.split(' ')[0]?.toLowerCase().replace('é', 'e')}@nordlicht.example`;
    const { id } = await world.addUser({ email, name, partnerId });
    if (name === 'Eva Krause') await world.addAuthenticator(id);
  }
}

async function openList(page: Page, site: Site): Promise<void> {
  await openPortal(site);
  await enter(page, site, await site.newPerson({ role: 'csm' }));
  await page.goto('/console/partners');
  await expect(page.locator('#results tbody a')).toHaveCount(3);
}

function countDocuments(page: Page): () => number {
  let documents = 0;
  page.on('request', (request) => {
    if (request.resourceType() === 'document') documents++;
  });
  return () => documents;
}
