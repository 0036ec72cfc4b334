import { sendCode, shownSecret } from '../ways.ts';
import { expect, pressButton, signInWith, signOut, test } from '../world.ts';

for (const javaScriptEnabled of [true, false]) {
  test.describe(`several authenticator apps, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, () => {
    test.use({ javaScriptEnabled });

    test('a second phone is added, named, used, and the lost one removed', async ({ page, site }) => {
      const { id, email } = await site.newPerson();
      const first = await site.world.addAuthenticator(id);
      await signInWith(page, email, site.world.totp(first));
      await page.goto('/security');
      await page.getByRole('link', { name: 'Add another' }).click();
      await page.getByRole('link', { name: 'Add another authenticator' }).click();
      await page.getByLabel('Name (optional)').fill('Work phone');
      await pressButton(page, 'Get Started');
      await expect(page.getByText('Your other apps keep working.')).toBeVisible();
      const second = await shownSecret(page);
      await sendCode(page, site.world.totp(second));
      await expect(page.getByRole('status').first()).toContainText('Your other apps keep working.');
      await expect(page.getByText('2 authenticator apps')).toBeVisible();

      site.world.clock.at += 30;
      for (const secret of [second, first]) {
        await signOut(page);
        await signInWith(page, email, site.world.totp(secret));
        await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
      }

      await page.goto('/security');
      await page.getByRole('link', { name: 'Manage' }).click();
      await page.getByRole('link', { name: 'Change Work phone' }).click();
      await page.getByLabel('Name').fill('New phone');
      await pressButton(page, 'Save');
      await expect(page.getByText('New phone', { exact: true })).toBeVisible();
      await page.getByRole('link', { name: 'Change Authenticator app' }).click();
      await pressButton(page, 'Remove Authenticator app');
      await expect(page.getByRole('status').first()).toContainText('Its codes no longer work.');

      await signOut(page);
      site.world.clock.at += 30;
      await signInWith(page, email, site.world.totp(first));
      await expect(page.getByRole('alert')).toContainText('One-time code is incorrect');
      await sendCode(page, site.world.totp(second));
      await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
    });
  });
}
