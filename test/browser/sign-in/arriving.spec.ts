import { addPerson } from '#flows/administration/add-person.ts';
import { sendCode, shownSecret } from '../ways.ts';
import { enter, expect, heading, PASSWORD, pressButton, signIn, signInWith, signOut, test } from '../world.ts';

const NEW_PASSWORD = 'marble canyon thirteen owls';

for (const javaScriptEnabled of [true, false]) {
  test.describe(`coming, forgetting and losing, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, () => {
    test.use({ javaScriptEnabled });

    test('an invitation: a password, an authenticator and recovery codes in one go', async ({ page, site }) => {
      const { world } = site;
      await world.addPartner();
      const bo = {
        email: 'bo@acme.example',
        name: 'Bo',
        role: 'member',
        partner: 'acme',
        password: undefined,
      } as const;
      await addPerson(world.env, 'system', bo);
      const link = (await world.mail())[0]?.link ?? '';
      await page.goto(link);
      await expect(page.locator('.lead')).toContainText('Acme Telecom has invited you.');
      await page.getByLabel('Name', { exact: true }).fill('Bo Lind');
      await page.getByLabel('New password').fill('too short');
      await pressButton(page, 'Continue');
      await expect(page.getByRole('alert')).toContainText('Choose a longer password');
      await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Bo Lind');
      await page.getByLabel('New password').fill(NEW_PASSWORD);
      await pressButton(page, 'Continue');

      await expect(heading(page)).toHaveText('Two-Factor Authentication');
      await expect(page.getByRole('button', { name: 'Not now' })).toHaveCount(0);
      await pressButton(page, 'Get Started');
      const secret = await shownSecret(page);
      await sendCode(page, world.totp(secret));
      await expect(page.locator('ol.codes li')).toHaveCount(10);
      await page.getByLabel('I have saved these recovery codes').check();
      await pressButton(page, 'Done');
      await expect(heading(page)).toHaveText('You are signed in');
      await expect(page.locator('.card')).toContainText('Bo Lind');
      expect((await page.goto(link))?.status()).toBe(404);
      await expect(heading(page)).toHaveText('This invitation no longer works');
      await page.goto('/');
      await signOut(page);
      world.clock.at += 30;
      await signInWith(page, bo.email, world.totp(secret), NEW_PASSWORD);
      await expect(heading(page)).toHaveText('You are signed in');
    });

    test('a forgotten password: a link by mail, a new password, and the second factor all the same', async ({
      page,
      site,
    }) => {
      const { id, email } = await site.newPerson();
      const secret = await site.world.addAuthenticator(id);
      await page.goto('/sign-in');
      await page.getByRole('link', { name: 'Forgot your password?' }).click();
      await page.getByLabel('Email').fill(email);
      await pressButton(page, 'Send link');
      const [mail] = await site.world.mail();
      await page.goto(mail?.link ?? '');
      await page.reload();
      await page.getByLabel('New password').fill(NEW_PASSWORD);
      await pressButton(page, 'Save');
      await expect(heading(page)).toHaveText('Sign in');
      await signIn(page, email);
      await expect(page.getByRole('alert')).toContainText('Email or password is incorrect');
      await signIn(page, email, NEW_PASSWORD);
      await expect(page.getByLabel('One-time code')).toBeVisible();
      await page.goto('/security');
      await expect(page.getByRole('button', { name: 'Sign out' })).toHaveCount(0);
      await signInWith(page, email, site.world.totp(secret), NEW_PASSWORD);
      await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
      expect((await page.goto(mail?.link ?? ''))?.status()).toBe(404);
    });

    test('a lost phone: support resets MFA, and password and access code lead to a new one', async ({ page, site }) => {
      const { world } = site;
      const ana = await site.newPerson();
      const lost = await world.addAuthenticator(ana.id);
      const chris = await site.newPerson({ role: 'csm', name: 'chris' });
      const own = await enter(page, site, chris);
      world.clock.at += 600;
      await page.goto('/console/partners');
      await page.locator('#q').fill(ana.email);
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: ana.email }).click();
      await page.getByRole('link', { name: 'Reset MFA' }).click();
      await page.getByLabel('Reason').fill('lost phone');
      await page.getByLabel('What exactly was checked').fill('office number, from the contract');
      await pressButton(page, 'Reset MFA of Ana Silva');
      await expect(page.getByRole('alert')).toContainText('Choose how identity was checked');
      await page.getByLabel('Called back on a known number').check();
      world.clock.at += 400;
      await pressButton(page, 'Reset MFA of Ana Silva');
      await expect(page.locator('.card')).toContainText('we kept what you typed');
      await page.getByRole('link', { name: 'Confirm it’s you' }).click();
      await sendCode(page, world.totp(own));
      await expect(page.getByRole('status').first()).toContainText('What you typed is still here.');
      await expect(page.getByLabel('Reason')).toHaveValue('lost phone');
      await expect(page.getByLabel('Called back on a known number')).toBeChecked();
      await pressButton(page, 'Reset MFA of Ana Silva');
      await expect(heading(page)).toHaveText('MFA was reset');
      const code = await page.locator('.secret code').innerText();
      expect(code).toMatch(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/);
      await page.getByRole('link', { name: /^Back to / }).click();
      await expect(page.locator('ul.rows').first()).toContainText('Required at the next set-up');
      await expect(page.locator('body')).not.toContainText(code);
      await signOut(page);

      await signIn(page, ana.email);
      await pressButton(page, 'Get Started');
      await expect(heading(page)).toHaveText('Enter your access code');
      await sendCode(page, '0000-0000-0000-0000');
      await expect(page.getByRole('alert')).toContainText('Access code is incorrect');
      await sendCode(page, code.toLowerCase());
      const fresh = await shownSecret(page);
      expect(fresh).not.toBe(lost);
      await sendCode(page, world.totp(fresh));
      await page.getByLabel('I have saved these recovery codes').check();
      await pressButton(page, 'Done');
      await signOut(page);
      world.clock.at += 30;
      await signInWith(page, ana.email, world.totp(lost));
      await expect(page.getByRole('alert')).toContainText('One-time code is incorrect');
      await signInWith(page, ana.email, world.totp(fresh), PASSWORD);
      await expect(heading(page)).toHaveText('You are signed in');
    });
  });
}
