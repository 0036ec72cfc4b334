import { enter, expect, heading, pressButton, test } from '../world.ts';

for (const javaScriptEnabled of [true, false]) {
  test.describe(`the team of a manager, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, () => {
    test.use({ javaScriptEnabled });

    test('invites, invites again, makes a manager, reminds, and removes', async ({ page, site }) => {
      const { world } = site;
      const { id: partnerId } = await world.addPartner({ policy: 'optional' });
      const mia = await world.addUser({ email: 'mia@acme.example', name: 'Mia Roth', role: 'manager', partnerId });
      const ana = await world.addUser({ email: 'ana@acme.example', partnerId });
      await enter(page, site, mia);
      await page.getByRole('link', { name: 'Your team' }).click();
      await expect(page.locator('ul.rows').first()).toContainText('1 of 2 have set up MFA');
      const said = page.getByRole('status').first();
      const back = () => page.getByRole('link', { name: 'Your team' }).first().click();

      await page.getByRole('link', { name: 'Invite a person' }).click();
      await page.getByLabel('Name', { exact: true }).fill('Bo Lind');
      await pressButton(page, 'Send invitation');
      await expect(page.getByRole('alert')).toContainText('Enter your email address');
      await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Bo Lind');
      await page.getByLabel('Email').fill('bo@acme.example');
      await pressButton(page, 'Send invitation');
      await expect(said).toContainText('The invitation will be sent once a mail server is set up.');
      await page.getByRole('link', { name: 'Resend invitation' }).click();
      await pressButton(page, 'Send Bo Lind a new invitation');
      await expect(said).toContainText('The new invitation will be sent once a mail server is set up.');
      const sent = (await world.mail()).filter(({ to }) => to === 'bo@acme.example');
      expect(sent.map(({ kind }) => kind)).toEqual(['invitation', 'invitation']);
      expect((await world.person().get(new URL(sent[1]?.link ?? '').pathname)).status).toBe(404);
      await page.getByRole('link', { name: 'Make manager' }).click();
      await pressButton(page, 'Make Bo Lind a manager');
      await expect(said).toContainText('Role changed');
      await expect(page.locator('ul.rows')).toContainText('Manager');

      await back();
      await expect(page.locator('ul.rows').first()).toContainText('1 of 3 have set up MFA');
      await page.getByRole('link', { name: 'Ana Silva' }).click();
      await page.getByRole('link', { name: 'Send MFA reminder' }).click();
      await pressButton(page, 'Send Ana Silva an MFA reminder');
      await expect(said).toContainText('The reminder will be sent once a mail server is set up.');
      expect((await world.mail())[0]).toMatchObject({ kind: 'set_up_asked', to: ana.email });
      const anas = world.person();
      await anas.signIn(ana.email);
      await page.getByRole('link', { name: 'Remove' }).click();
      await pressButton(page, 'Remove Ana Silva');
      await expect(said).toContainText('Removed and signed out everywhere');
      await expect(page.locator('.card')).toContainText('Removed: this person can’t sign in.');
      expect((await anas.get('/enroll')).location).toBe('/sign-in');

      await back();
      await page.getByRole('link', { name: 'Bo Lind' }).click();
      await page.getByRole('link', { name: 'Remove' }).click();
      await pressButton(page, 'Remove Bo Lind');
      await expect(heading(page)).toHaveText('Your team');
      await expect(page.getByRole('link', { name: 'Bo Lind' })).toHaveCount(0);
      expect((await world.person().get(new URL(sent[0]?.link ?? '').pathname)).status).toBe(404);
      await page.getByRole('link', { name: 'Mia Roth' }).click();
      await expect(page.locator('.card')).toContainText('This is you.');
      await expect(page.getByRole('link', { name: 'Remove' })).toHaveCount(0);
    });
  });
}
