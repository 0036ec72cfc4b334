import { makeLink } from '#flows/administration/make-link.ts';
import { recoveryCodes } from '../ways.ts';
import { expect, heading, pressButton, test } from '../world.ts';

test('a password can be shown, and is sent as one', async ({ page, site }) => {
  const { email } = await site.newPerson({ policy: 'off' });
  await page.goto('/sign-in');
  await page.getByLabel('Email', { exact: true }).fill(email);
  const password = page.getByLabel('Password', { exact: true });
  await password.fill('lantern otter velvet 9');
  await expect(password).toHaveAttribute('type', 'password');
  await page.getByLabel('Show password').check();
  await expect(password).toHaveAttribute('type', 'text');
  await page.getByLabel('Show password').uncheck();
  await expect(password).toHaveAttribute('type', 'password');
  await page.getByLabel('Show password').check();
  await pressButton(page, 'Sign in');
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
});

test('a new password says what is missing while it is typed', async ({ page, site }) => {
  const { id } = await site.newPerson();
  const { env } = site.world;
  const link = await env.db.transaction((tx) => makeLink(env, tx, { purpose: 'reset', userId: id }));
  await page.goto(link.url);
  const field = page.getByLabel('New password', { exact: true });
  const said = page.locator('[data-strength]');
  await expect(said).toBeEmpty();
  await field.fill('lantern ');
  await expect(said).toHaveText('4 more characters');
  await field.fill('lantern ott');
  await expect(said).toHaveText('1 more character');
  await field.fill('lantern otter');
  await expect(said).toContainText('Long enough.');
  await field.fill('aaaaaaaaaaaaaaaa');
  await expect(said).toContainText('easy to guess');
});

test('a wait is counted down, in the words of the page', async ({ page, site }) => {
  const { email } = await site.newPerson();
  for (let tries = 0; tries < 10; tries++) await site.world.person('192.0.2.50').signIn(email, 'wrong');
  await page.clock.install();
  await page.goto('/sign-in');
  await page.getByLabel('Email', { exact: true }).fill(email);
  await page.getByLabel('Password', { exact: true }).fill('wrong');
  await pressButton(page, 'Sign in');
  const wait = page.locator('[data-wait]');
  const seconds = Number(await wait.getAttribute('data-wait'));
  await expect(wait).toHaveText(`in ${Math.ceil(seconds / 60)} minutes`);
  await page.clock.fastForward((seconds - 100) * 1000);
  await expect(wait).toHaveText('in 2 minutes');
  await page.clock.fastForward(60_000);
  await expect(wait).toHaveText(/^in (?:3\d|40) seconds$/);
  await page.clock.fastForward(60_000);
  await expect(wait).toHaveText('now');
});

test('the sheet of recovery codes says on paper whose they are and from which day', async ({ page, site }) => {
  await recoveryCodes({ page, site });
  await page.emulateMedia({ media: 'print' });
  await expect(heading(page)).toBeHidden();
  const head = page.locator('.sheet');
  await expect(head).toBeVisible();
  await expect(head).toHaveText(
    /^Recovery codes for Partner Interface, ana\.silva@acme\.example, created on \d{4}\u2011\d{2}\u2011\d{2}$/,
  );
  await page.emulateMedia({ media: 'screen' });
  await expect(head).toBeHidden();
  await expect(heading(page)).toHaveText('Save your recovery codes');
});
