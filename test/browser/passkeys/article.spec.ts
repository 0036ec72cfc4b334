import { createAuthenticator } from '../../authenticator/create.ts';
import { recoveryCodesOf } from '../../security/limits/limits-story.ts';
import { storePasskey } from '../../stories/passkeys/stored.ts';
import { expect, heading, pressButton, signIn, test } from '../world.ts';
import { addDevice, enrollWithPasskey, isSignedIn, leave, saveCodes } from './passkey-ways.ts';

test('the article with a passkey in place of the app: set-up, codes until Done, and every later sign-in', async ({
  page,
  site,
}) => {
  const device = await addDevice(page);
  const { email } = await site.newPerson();
  await signIn(page, email);
  await expect(heading(page)).toHaveText('Two-Factor Authentication');
  await pressButton(page, 'Get Started');
  await expect(page.getByLabel('Confirmation code')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Or use a passkey' })).toBeVisible();
  await pressButton(page, 'Create a passkey');

  await expect(heading(page)).toHaveText('Save your recovery codes');
  const codes = await page.locator('ol.codes li').allInnerTexts();
  expect(new Set(codes).size).toBe(10);
  await page.reload();
  expect(await page.locator('ol.codes li').allInnerTexts()).toEqual(codes);
  await pressButton(page, 'Done');
  await expect(page.getByRole('alert')).toContainText('Save the codes first');
  expect(await saveCodes(page)).toEqual(codes);
  await page.goto('/enroll/recovery-codes');
  await expect(page.locator('ol.codes')).toHaveCount(0);

  await leave(page, device);
  await signIn(page, email);
  await expect(heading(page)).toHaveText('Use your passkey');
  await device.setTouched(true);
  await pressButton(page, 'Use passkey');
  await isSignedIn(page);

  await leave(page, device);
  await signIn(page, email);
  await page.getByRole('link', { name: 'Use a recovery code' }).click();
  await page.getByLabel('Recovery code', { exact: true }).fill((codes[6] ?? '').toLowerCase().replaceAll('-', ' '));
  await pressButton(page, 'Verify');
  await expect(page.getByText('You used a recovery code. 9 codes are left.')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Set up a new authenticator' })).toBeVisible();
});

test('the set-up page shows the passkey only on a device that has one of its own', async ({ page, site }) => {
  await addDevice(page, { transport: 'usb' });
  await signIn(page, (await site.newPerson()).email);
  await pressButton(page, 'Get Started');
  await expect(page.getByLabel('Confirmation code')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Create a passkey' })).toBeHidden();
});

test('the last authenticator goes where the policy allows it, and the browser forgets the passkey', async ({
  page,
  site,
}) => {
  const device = await addDevice(page);
  await enrollWithPasskey(page, site, 'optional');
  await page.goto('/security');
  await page.getByRole('link', { name: 'Manage' }).click();
  await page.getByRole('link', { name: /^Change / }).click();
  await page.getByRole('button', { name: /^Remove / }).click();
  await expect(page.getByRole('status').first()).toContainText('Two-factor authentication is off');
  await expect.poll(() => device.credentials()).toEqual([]);
});

test.describe('with JavaScript off', () => {
  test.use({ javaScriptEnabled: false });

  test('the pages say what to do instead, and the app is set up as in the article', async ({ page, site }) => {
    await page.goto('/sign-in');
    await expect(page.getByRole('button', { name: 'Sign in with a passkey' })).toBeHidden();
    await signIn(page, (await site.newPerson()).email);
    await pressButton(page, 'Get Started');
    await expect(page.getByLabel('Confirmation code')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Create a passkey' })).toBeHidden();
    await page.goto('/enroll/passkey');
    const instead = page.locator('noscript .notice');
    await expect(instead).toBeVisible();
    await expect(instead).toContainText('Use an authenticator app instead.');
    await page.getByRole('link', { name: 'Use an authenticator app instead' }).click();
    await expect(heading(page)).toHaveText('Two-Factor Authentication');
  });

  test('a person with a passkey alone signs in with a recovery code', async ({ page, site }) => {
    const { id, email } = await site.newPerson();
    await storePasskey(site.world.env, { id, email }, createAuthenticator({ origin: site.origin }));
    const [code = ''] = await recoveryCodesOf(site.world, id);
    await signIn(page, email);
    await expect(heading(page)).toHaveText('Use your passkey');
    await expect(page.locator('noscript .notice')).toContainText('Use a recovery code or another browser.');
    await expect(page.getByRole('button', { name: 'Use passkey' })).toBeHidden();
    await page.getByRole('link', { name: 'Use a recovery code' }).click();
    await page.getByLabel('Recovery code', { exact: true }).fill(code);
    await pressButton(page, 'Verify');
    await page.goto('/security/authenticators/passkey');
    await expect(page.locator('noscript .notice')).toBeVisible();
    site.world.clock.at += 600;
    await page.goto('/security/authenticators');
    await expect(heading(page)).toHaveText('Confirm it’s you');
    await expect(page.locator('noscript .notice')).toBeVisible();
    await expect(page.getByRole('link', { name: 'Use a recovery code' })).toBeVisible();
  });
});
