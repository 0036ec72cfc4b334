import { checkWithAxe } from '../axe.ts';
import { enter, expect, pressButton, test } from '../world.ts';

for (const javaScriptEnabled of [true, false]) {
  test.describe(`the settings of the service, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, () => {
    test.use({ javaScriptEnabled });

    test('an administrator changes the name, a rule with a reason, and goes back to the default', async ({
      page,
      site,
    }) => {
      await enter(page, site, await site.newPerson({ role: 'admin' }));
      await page.goto('/console/settings');
      if (javaScriptEnabled) await checkWithAxe(page);

      await page.getByRole('link', { name: 'Change the product name' }).click();
      await page.getByLabel('Product name').fill('Acme: Portal');
      await pressButton(page, 'Save');
      await expect(page.getByRole('alert')).toContainText('without a colon');
      if (javaScriptEnabled) await checkWithAxe(page);
      await page.getByLabel('Product name').fill('Acme Portal');
      await pressButton(page, 'Save');
      await expect(page).toHaveTitle('Service settings – Acme Portal');
      await expect(page.getByRole('listitem').filter({ hasText: 'Product name' })).toContainText('Set here by');

      await page.getByRole('link', { name: 'Change the second approval' }).click();
      await page.getByLabel('A second member of staff must approve').check();
      await page.getByLabel('Reason').fill('agreed with security');
      await pressButton(page, 'Save');
      await expect(page.getByRole('link', { name: 'Waiting resets' })).toBeVisible();

      await page.getByRole('link', { name: 'Change the product name' }).click();
      await page.getByRole('link', { name: 'Use the default' }).click();
      if (javaScriptEnabled) await checkWithAxe(page);
      await pressButton(page, 'Use the default for “Product name”');
      await expect(page).toHaveTitle('Service settings – Partner Interface');
    });

    test('a test mail says what became of it', async ({ page, site }) => {
      await enter(page, site, await site.newPerson({ role: 'admin' }));
      await page.goto('/console/settings');
      await pressButton(page, 'Send test email');
      await expect(page.getByRole('status').first()).toContainText('waiting in the outbox');
      if (javaScriptEnabled) await checkWithAxe(page);
    });
  });
}
