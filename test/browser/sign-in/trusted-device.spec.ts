import { allow } from '../../stories/trusted-devices/trusted-story.ts';
import { checkWithAxe } from '../axe.ts';
import { expect, heading, pressButton, type Site, signIn, signOut, test } from '../world.ts';

const BOX = 'Don’t ask for a code on this device for 30 days';

async function trustingPerson({ world, newPerson }: Site) {
  const person = await newPerson();
  const row = await world.env.db.read.selectFrom('users').select('partner_id').executeTakeFirstOrThrow();
  await allow(world, row.partner_id ?? '');
  return { ...person, secret: await world.addAuthenticator(person.id) };
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(`a trusted device, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, () => {
    test.use({ javaScriptEnabled });

    test('is chosen beside the code, signs in by the password, is listed, and ends', async ({ page, site }) => {
      const { email, secret } = await trustingPerson(site);
      await signIn(page, email);
      const box = page.getByLabel(BOX);
      await expect(box).not.toBeChecked();
      if (javaScriptEnabled) await checkWithAxe(page);
      await box.check();
      await page.getByLabel('One-time code').fill(site.world.totp(secret));
      await pressButton(page, 'Verify');
      await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
      await signOut(page);
      site.world.clock.at += 30;

      await signIn(page, email);
      await expect(page.getByText('Password, on a trusted device')).toBeVisible();
      await page.goto('/security/password');
      await expect(heading(page)).toHaveText('Confirm it’s you');
      await page.goto('/security');
      await page.locator('a[href="/security/trusted-devices"]').click();
      await expect(page.getByText('This device', { exact: true })).toBeVisible();
      if (javaScriptEnabled) await checkWithAxe(page);
      await page.getByRole('button', { name: /^Remove/ }).click();
      await expect(page.getByText('You have no trusted devices.')).toBeVisible();
      await signOut(page);

      await signIn(page, email);
      await expect(page.getByLabel('One-time code')).toBeVisible();
      await expect(page.getByLabel(BOX)).not.toBeChecked();
    });
  });
}
