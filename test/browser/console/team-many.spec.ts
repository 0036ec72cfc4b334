import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { checkWithAxe } from '../axe.ts';
import { enter, expect, heading, pressButton, type Site, test } from '../world.ts';

const FAULTY =
  'Bo Lind <bo@acme.example>, nobody at all\n"Lund, Cy" <cy@acme.example>\nBO@acme.example; ana@acme.example';
const MENDED = 'Bo Lind <bo@acme.example>\n"Lund, Cy" <cy@acme.example>\nana@acme.example';

/** A manager on the page of their team, with two colleagues of whom one has MFA. */
async function openTeam(page: Page, site: Site): Promise<void> {
  const { world } = site;
  const { id: partnerId } = await world.addPartner({ policy: 'optional' });
  const mia = await world.addUser({ email: 'mia@acme.example', name: 'Mia Roth', role: 'manager', partnerId });
  await world.addUser({ email: 'ana@acme.example', partnerId });
  const eve = await world.addUser({ email: 'eve@acme.example', name: '=SUM(A1)', partnerId });
  await world.addAuthenticator(eve.id);
  await enter(page, site, mia);
  await page.getByRole('link', { name: 'Your team' }).click();
}

/** The page fits a small phone, and axe, which is a script, finds nothing in either scheme. */
async function checkLook(page: Page, javaScriptEnabled: boolean): Promise<void> {
  for (const width of [390, 320, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  }
  if (!javaScriptEnabled) return;
  await checkWithAxe(page);
  await page.emulateMedia({ colorScheme: 'light' });
}

async function invited({ world }: Site): Promise<string[]> {
  return (await world.mail()).filter(({ kind }) => kind === 'invitation').map(({ to }) => to);
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(`a manager of many people, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, () => {
    test.use({ javaScriptEnabled });

    test('pastes a list with faults, mends it and invites', async ({ page, site }) => {
      const look = () => checkLook(page, javaScriptEnabled);
      await openTeam(page, site);
      await page.getByRole('link', { name: 'Invite several people' }).click();
      await look();
      const pasted = page.getByLabel('Email addresses');
      await pasted.fill(FAULTY);
      await page.getByLabel('Role of these people').selectOption('Manager');
      await pressButton(page, 'Check the list');
      await expect(heading(page)).toHaveText('Invite 2 people');
      const summary = page.getByRole('alert');
      await expect(summary).toContainText('2 entries can’t be invited');
      await expect(summary).toContainText('Line 1: nobody at all – not a valid email address');
      await expect(summary).toContainText('Line 3: BO@acme.example – already in line 1');
      await look();
      expect(await invited(site)).toEqual([]);

      await summary.getByRole('link', { name: 'Line 3:' }).click();
      await expect(pasted).toHaveValue(FAULTY);
      await expect(pasted).toBeFocused();
      await expect(page.getByRole('alert')).toContainText('Line 3: BO@acme.example – already in line 1');
      await look();
      await pasted.fill(MENDED);
      await pressButton(page, 'Check the list');
      await expect(page.getByRole('alert')).toHaveCount(0);
      await expect(page.getByRole('row', { name: 'ana@acme.example' })).toContainText('Already on your list');
      await pressButton(page, 'Invite 2 people');
      await expect(heading(page)).toHaveText('2 people invited');
      await expect(page.getByRole('status').first()).toContainText('once a mail server is set up');
      await expect(page.getByRole('row', { name: 'cy@acme.example' })).toContainText('Invited');
      expect((await invited(site)).toSorted()).toEqual(['bo@acme.example', 'cy@acme.example']);
      await look();
      await page.getByRole('link', { name: 'Your team' }).first().click();
      await expect(page.getByRole('row', { name: 'cy@acme.example' })).toContainText('Manager');
    });

    test('pastes far too much, and has it back with the reason', async ({ page, site }) => {
      const look = () => checkLook(page, javaScriptEnabled);
      await openTeam(page, site);
      await page.goto('/team/invite-many');
      const long = `${`${'x'.repeat(2_000)}\n`.repeat(40)}the last line`;
      const pasted = page.getByLabel('Email addresses');
      await pasted.fill(long);
      await pressButton(page, 'Check the list');
      await expect(page.getByRole('alert')).toContainText('Paste at most 48 KB of text at a time');
      await expect(pasted).toHaveValue(long);
      await expect(pasted).toHaveAttribute('aria-invalid', 'true');
      await look();
    });

    test('reminds everyone, sees it in the activity, and downloads the list', async ({ page, site }) => {
      const look = () => checkLook(page, javaScriptEnabled);
      await openTeam(page, site);
      await page.getByRole('link', { name: 'Remind everyone missing' }).click();
      await expect(heading(page)).toHaveText('Remind 1 person');
      await look();
      await pressButton(page, 'Remind 1 person');
      await expect(page.getByRole('status').first()).toContainText('once a mail server is set up');
      await expect(page.getByRole('button', { name: /^Remind/ })).toHaveCount(0);
      await look();
      const reminded = (await site.world.mail()).filter(({ kind }) => kind === 'set_up_asked').map(({ to }) => to);
      expect(reminded).toEqual(['ana@acme.example']);

      await page.getByRole('link', { name: 'Your team' }).first().click();
      await look();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: /CSV/ }).first().click(),
      ]);
      const csv = await readFile(await download.path(), 'utf8');
      expect(csv.split('\r\n').map((line) => line.split(',').slice(0, 3).join(' '))).toEqual([
        'email name role',
        'ana@acme.example Ana Silva member',
        "eve@acme.example '=SUM(A1) member",
        'mia@acme.example Mia Roth manager',
        '',
      ]);
      await page.getByRole('link', { name: 'Activity' }).click();
      await expect(page.getByRole('row', { name: 'MFA reminder sent' })).toContainText('Mia Roth');
      await expect(page.getByRole('row', { name: 'MFA reminder sent' })).toContainText('Ana Silva');
      await look();
    });
  });
}
