import { enter, expect, heading, pressButton, test } from '../world.ts';
import { addDevice, enrollWithPasskey, isSignedIn, leave, withoutAutofill } from './passkey-ways.ts';

test('a passkey is added beside the app with a name, renamed, removed, and the browser forgets it', async ({
  page,
  site,
}) => {
  const device = await addDevice(page);
  await enter(page, site, await site.newPerson());
  await page.goto('/security');
  await page.getByRole('link', { name: 'Add another' }).click();
  await page.getByRole('link', { name: 'Add another authenticator' }).click();
  await page.getByRole('link', { name: 'Add a passkey' }).click();
  await page.getByLabel('Name (optional)').fill('Laptop');
  await pressButton(page, 'Create a passkey');
  await expect(page.getByRole('status').first()).toContainText('Your passkey is set up.');
  await expect(page.getByText('1 authenticator app, 1 passkey')).toBeVisible();
  expect(await device.credentials()).toHaveLength(1);

  await page.getByRole('link', { name: 'Manage' }).click();
  await page.getByRole('link', { name: 'Change Laptop' }).click();
  await page.getByLabel('Name').fill('Old laptop');
  await pressButton(page, 'Save');
  await page.getByRole('link', { name: 'Change Old laptop' }).click();
  await pressButton(page, 'Remove Old laptop');
  await expect(page.getByRole('status').first()).toContainText('The passkey was removed.');
  await expect.poll(() => device.credentials()).toEqual([]);
  expect(device.events.map(({ kind }) => kind)).toEqual(['added', 'deleted']);
});

test('the device that has a passkey of the account says so', async ({ page, site }) => {
  await addDevice(page);
  await enrollWithPasskey(page, site);
  await page.goto('/security/authenticators/passkey');
  await pressButton(page, 'Create a passkey');
  await expect(page.getByText('This device already has a passkey for your account.')).toBeVisible();
});

test('a step-up with the passkey leads on to what was asked for', async ({ page, site }) => {
  await addDevice(page);
  await enrollWithPasskey(page, site);
  site.world.clock.at += 300;
  await page.goto('/security/authenticators');
  await expect(heading(page)).toHaveText('Confirm it’s you');
  await pressButton(page, 'Use passkey');
  await expect(heading(page)).toHaveText('Your authenticators');
});

test('a proof that is over while the page waited is asked for again', async ({ page, site }) => {
  await addDevice(page);
  await enrollWithPasskey(page, site);
  await page.goto('/security/authenticators/passkey');
  site.world.clock.at += 300;
  await pressButton(page, 'Create a passkey');
  await expect(heading(page)).toHaveText('Please confirm it’s you');
});

test('a page that waited for longer than its challenge asks for a new one', async ({ page, site }) => {
  await withoutAutofill(page);
  const device = await addDevice(page);
  await enrollWithPasskey(page, site);
  await leave(page, device);
  site.world.clock.at += 3600;
  await device.setTouched(true);
  await pressButton(page, 'Sign in with a passkey');
  await isSignedIn(page);
});
