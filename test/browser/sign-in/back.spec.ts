import { enter, expect, heading, pressButton, test } from '../world.ts';

for (const javaScriptEnabled of [true, false]) {
  test.describe(`Back and Reload, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, () => {
    test.use({ javaScriptEnabled });

    test('on the page of a secret show it again, and never ask to send a form again', async ({ page, site }) => {
      const { world } = site;
      const ana = await site.newPerson();
      await enter(page, site, await site.newPerson({ role: 'csm', name: 'chris' }));
      await page.goto(`/console/people/${ana.id}/reset-mfa`);
      await page.getByLabel('Reason').fill('lost phone');
      await page.getByLabel('What exactly was checked').fill('office number');
      await page.getByLabel('Called back on a known number').check();
      await pressButton(page, 'Reset MFA of Ana Silva');
      await expect(heading(page)).toHaveText('MFA was reset');
      const code = await page.locator('.secret code').innerText();
      await page.reload();
      await expect(page.locator('.secret code')).toHaveText(code);
      await page.goBack();
      await expect(heading(page)).toHaveText('Reset MFA of Ana Silva');
      await page.goForward();
      await expect(page.locator('.secret code')).toHaveText(code);
      expect((await world.events()).filter(({ action }) => action === 'user.mfa_reset').length).toBe(1);
      await pressButton(page, 'Done');
      await expect(page.locator('body')).not.toContainText(code);
      await page.goBack();
      await expect(heading(page)).toHaveText('This is no longer shown');
    });

    test('two clicks on a form make one key', async ({ page, site }) => {
      await enter(page, site, await site.newPerson({ role: 'admin', name: 'robin' }));
      await page.goto('/console/api-keys/new');
      await page.getByLabel('Name', { exact: true }).fill('CRM');
      await page.getByLabel('users:read').check();
      site.pace.pageMilliseconds = 1500;
      await page.locator('.card button.primary').dblclick({ delay: 200 });
      await expect(heading(page)).toHaveText('API key created');
      const { read } = site.world.env.db;
      expect((await read.selectFrom('api_keys').select('id').execute()).length).toBe(1);
    });
  });
}

test('after two refusals Back leads through the pages of the form, and asks nothing', async ({ page, site }) => {
  const { email } = await site.newPerson();
  await page.goto('/help');
  await page.goto('/sign-in');
  for (const password of ['wrong one', 'wrong two']) {
    await page.getByLabel('Email', { exact: true }).fill(email);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await pressButton(page, 'Sign in');
    await expect(page.getByRole('alert')).toContainText('Email or password is incorrect');
  }
  const posts: string[] = [];
  // The script for passkeys asks for a challenge each time. That is no form sent again.
  page.on(
    'request',
    (request) => void (request.isNavigationRequest() && request.method() === 'POST' && posts.push(request.url())),
  );
  await page.reload();
  await expect(heading(page)).toHaveText('Sign in');
  for (let i = 0; i < 2; i++) {
    await page.goBack();
    await expect(heading(page)).toHaveText('Sign in');
  }
  await page.goBack();
  await expect(page).toHaveURL(/\/help$/);
  expect(posts).toEqual([]);
});

test('a refusal at an address that is only sent to becomes the page that it was sent from', async ({ page, site }) => {
  const { world } = site;
  const { email } = await site.newPerson({ policy: 'optional' });
  await page.goto('/sign-in');
  await page.getByLabel('Email', { exact: true }).fill(email);
  await page.getByLabel('Password', { exact: true }).fill('lantern otter velvet 9');
  await pressButton(page, 'Sign in');
  await expect(page.getByRole('button', { name: 'Not now' })).toBeVisible();
  await world.env.db.transaction((tx) => tx.updateTable('partners').set({ mfa_policy: 'required' }).execute());
  await pressButton(page, 'Not now');
  await expect(page).toHaveURL(/\/enroll$/);
  await page.reload();
  await expect(heading(page)).toHaveText('Two-Factor Authentication');
});
