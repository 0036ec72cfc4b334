import { sendCode, shownSecret } from '../ways.ts';
import { expect, PASSWORD, pressButton, type Site, signIn, signInWith, signOut, test } from '../world.ts';

test('replaces an authenticator: the old one works until the new one is verified', async ({ page, site }) => {
  const { email, secret } = await enrolled(site);
  await signInWith(page, email, site.world.totp(secret));
  await page.goto('/security');
  await page.getByRole('link', { name: 'Replace' }).click();
  await pressButton(page, 'Get Started');
  const newSecret = await shownSecret(page);
  expect(newSecret).not.toBe(secret);

  site.world.clock.at += 30;
  const other = site.world.person();
  await other.signIn(email);
  const byOld = await other.post('/sign-in/one-time-code', { code: site.world.totp(secret) });
  expect(byOld.status).toBe(303);

  await sendCode(page, site.world.totp(newSecret));
  await expect(page.getByRole('status').first()).toContainText('1 other session was ended.');
  expect((await other.get('/security')).status).toBe(303);
  await signOut(page);
  await signInWith(page, email, site.world.totp(secret, 1));
  await expect(page.getByRole('alert')).toContainText('One-time code is incorrect');
  site.world.clock.at += 30;
  await sendCode(page, site.world.totp(newSecret));
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
});

test('a lost phone: in with a recovery code, on with a new authenticator', async ({ page, site }) => {
  const { email } = await site.newPerson();
  await signIn(page, email);
  await pressButton(page, 'Get Started');
  await sendCode(page, site.world.totp(await shownSecret(page)));
  const [code = ''] = await page.locator('ol.codes li').allInnerTexts();
  await page.getByLabel('I have saved these recovery codes').check();
  await pressButton(page, 'Done');
  await signOut(page);

  await signIn(page, email);
  await page.getByRole('link', { name: 'Use a recovery code' }).click();
  await sendCode(page, code);
  await page.getByRole('link', { name: 'Set up a new authenticator' }).click();
  await pressButton(page, 'Get Started');
  const newSecret = await shownSecret(page);
  site.world.clock.at += 60;
  await sendCode(page, site.world.totp(newSecret));
  await expect(page.getByRole('status').first()).toContainText('Your new authenticator app is set up.');
  await signOut(page);
  site.world.clock.at += 60;
  await signInWith(page, email, site.world.totp(newSecret));
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
});

test('ends one session, and all the others', async ({ page, site }) => {
  const { email } = await site.newPerson({ policy: 'off' });
  const others = [site.world.person(), site.world.person(), site.world.person()];
  for (const other of others) await other.signIn(email);
  await signIn(page, email);
  await page.goto('/security/sessions');
  const rows = page.locator('tbody tr');
  await expect(rows).toHaveCount(4);
  await expect(rows.filter({ hasText: 'This session' })).toHaveCount(1);
  await page
    .getByRole('button', { name: /^End the session on/ })
    .first()
    .click();
  await expect(rows).toHaveCount(3);
  await pressButton(page, 'End all 2 other sessions');
  await expect(page.getByText('Signed in on this device only')).toBeVisible();
  for (const other of others) expect((await other.get('/security')).status).toBe(303);
});

test('the whole way in by keyboard alone', async ({ page, site }) => {
  const { email, secret } = await enrolled(site);
  const { keyboard } = page;
  await page.goto('/sign-in');
  await expect(page.getByLabel('Email')).toBeFocused();
  await keyboard.type(email);
  await keyboard.press('Tab');
  await keyboard.type(PASSWORD);
  await keyboard.press('Enter');
  await expect(page.getByLabel('One-time code')).toBeFocused();
  await keyboard.type('000000');
  await keyboard.press('Enter');
  await expect(page.locator('.refusal')).toBeFocused();
  await expect(page.locator('.refusal')).toHaveCSS('outline-width', '3px');
  await keyboard.press('Tab');
  await keyboard.press('Enter');
  await expect(page.getByLabel('One-time code')).toBeFocused();
  await keyboard.type(site.world.totp(secret));
  await keyboard.press('Tab');
  await keyboard.press('Space');
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
  await page.goto('/security');
  await keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
  await keyboard.press('Enter');
  await keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Replace' })).toBeFocused();
});

async function enrolled(site: Site): Promise<{ email: string; secret: string }> {
  const { id, email } = await site.newPerson();
  return { email, secret: await site.world.addAuthenticator(id) };
}
