import { expect, heading, pressButton, test } from '../world.ts';
import { addDevice, enrollWithPasskey, isSignedIn, leave, openTouched, withoutAutofill } from './passkey-ways.ts';

test('the button signs in without a password, and says how', async ({ page, site }) => {
  await withoutAutofill(page);
  const device = await addDevice(page);
  await enrollWithPasskey(page, site);
  await leave(page, device);
  await device.setTouched(true);
  await pressButton(page, 'Sign in with a passkey');
  await isSignedIn(page);
  await page.goto('/');
  await expect(page.locator('.card')).toContainText('Passkey');
  await expect(page.locator('.card')).not.toContainText('Password and passkey');
});

test('the email field offers it: the list of the browser signs in', async ({ page, site }) => {
  const device = await addDevice(page);
  await enrollWithPasskey(page, site);
  await leave(page, device);
  await expect(page.getByLabel('Email', { exact: true })).toHaveAttribute('autocomplete', 'username webauthn');
  const used = device.events.length;
  await openTouched(page, device, '/sign-in?return_to=/security');
  await expect(heading(page)).toHaveText('Security settings');
  expect(device.events.slice(used).map(({ kind }) => kind)).toContain('asserted');
});

test('a device that answers by itself is refused once, and asked again only by the button', async ({ page, site }) => {
  const device = await addDevice(page);
  await enrollWithPasskey(page, site);
  await leave(page, device);
  const sent: string[] = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (request.method() === 'POST' && pathname.startsWith('/sign-in/passkey/alone')) sent.push(pathname);
  });
  await device.setFaults({ isBadUV: true });
  await openTouched(page, device, '/sign-in');
  await expect(page.getByRole('alert')).toContainText('This passkey didn’t work');
  await expect(page.getByLabel('Email', { exact: true })).toHaveAttribute('autocomplete', 'username');
  await device.setFaults({});
  await pressButton(page, 'Sign in with a passkey');
  await isSignedIn(page);
  const once = ['/sign-in/passkey/alone/options', '/sign-in/passkey/alone'];
  expect(sent, 'the answer of the device, and that of the button').toEqual([...once, ...once]);
});

test('a roaming key with a PIN signs in; one whose person fails the verification does not', async ({ page, site }) => {
  const { email } = await site.newPerson();
  await withoutAutofill(page);
  const device = await addDevice(page, { transport: 'usb' });
  await page.goto('/sign-in');
  await page.getByLabel('Email', { exact: true }).fill(email);
  await page.getByLabel('Password', { exact: true }).fill('lantern otter velvet 9');
  await pressButton(page, 'Sign in');
  await page.goto('/enroll/passkey');
  await pressButton(page, 'Create a passkey');
  await expect(heading(page)).toHaveText('Save your recovery codes');
  await page.getByLabel('I have saved these recovery codes').check();
  await pressButton(page, 'Done');
  await leave(page, device);
  await device.setUserVerified(false);
  await device.setTouched(true);
  await pressButton(page, 'Sign in with a passkey');
  await expect(page.getByText('The passkey wasn’t used. Try again, or choose another way.')).toBeVisible();
  await device.setUserVerified(true);
  await pressButton(page, 'Sign in with a passkey');
  await isSignedIn(page);
});

test('a signature without user verification is refused by the service', async ({ page, site, faults }) => {
  await withoutAutofill(page);
  const device = await addDevice(page);
  await enrollWithPasskey(page, site);
  await leave(page, device);
  await device.setFaults({ isBadUV: true });
  await device.setTouched(true);
  await pressButton(page, 'Sign in with a passkey');
  await expect(page.getByRole('alert')).toContainText('This passkey didn’t work');
  expect(faults).toEqual([]);
});

test('a passkey that was removed on the device leaves the other ways', async ({ page, site }) => {
  await withoutAutofill(page);
  const device = await addDevice(page);
  const { email, codes } = await enrollWithPasskey(page, site);
  await leave(page, device);
  await device.clearCredentials();
  await device.setTouched(true);
  await page.getByLabel('Email', { exact: true }).fill(email);
  await page.getByLabel('Password', { exact: true }).fill('lantern otter velvet 9');
  await pressButton(page, 'Sign in');
  await pressButton(page, 'Use passkey');
  await expect(page.getByText('The passkey wasn’t used. Try again, or choose another way.')).toBeVisible();
  await page.getByRole('link', { name: 'Use a recovery code' }).click();
  await page.getByLabel('Recovery code', { exact: true }).fill(codes[0] ?? '');
  await pressButton(page, 'Verify');
  await expect(page.getByText('You used a recovery code. 9 codes are left.')).toBeVisible();
});

test('the backup state may change; a passkey that becomes another kind does not sign in', async ({ page, site }) => {
  await withoutAutofill(page);
  const device = await addDevice(page, { backupEligible: true, backupState: true });
  await enrollWithPasskey(page, site);
  const [held] = await device.credentials();
  const id = Buffer.from(held?.credentialId ?? '', 'base64').toString('base64url');
  await page.goto('/security/authenticators');
  await expect(page.getByText('Passkey, synced between devices')).toBeVisible();
  await leave(page, device);
  await device.setBackup(id, { backupState: false });
  await device.setTouched(true);
  await pressButton(page, 'Sign in with a passkey');
  await isSignedIn(page);
  await leave(page, device);
  await device.setBackup(id, { backupEligibility: false });
  await device.setTouched(true);
  await pressButton(page, 'Sign in with a passkey');
  await expect(page.getByRole('alert')).toContainText('This passkey didn’t work');
});

test('a passkey that nobody has any more is forgotten by the browser', async ({ page, site }) => {
  await withoutAutofill(page);
  const device = await addDevice(page);
  const { id } = await enrollWithPasskey(page, site);
  await leave(page, device);
  const { db } = site.world.env;
  await db.transaction((tx) => tx.deleteFrom('authenticators').where('user_id', '=', id).execute());
  await device.setTouched(true);
  await pressButton(page, 'Sign in with a passkey');
  await expect(page.getByRole('alert')).toContainText('This passkey didn’t work');
  await expect.poll(() => device.credentials()).toEqual([]);
});
