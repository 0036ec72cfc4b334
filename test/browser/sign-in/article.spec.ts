import { execFileSync } from 'node:child_process';
import type { Page } from '@playwright/test';
import { parseBegin } from '#core/time/day.ts';
import { decodeQr } from '../qr.ts';
import { expect, heading, openManualCode, pressButton, signIn, signOut, test } from '../world.ts';

for (const javaScriptEnabled of [true, false]) {
  test.describe(`the article's flow, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, () => {
    test.use({ javaScriptEnabled });

    test('sets up two-factor authentication and signs in with it', async ({ page, site }) => {
      const { email } = await site.newPerson();
      const { totp, clock } = site.world;
      await signIn(page, email);
      await expect(heading(page)).toHaveText('Two-Factor Authentication');
      await pressButton(page, 'Get Started');

      const secret = await openManualCode(page);
      const uri = new URL(await decodeQr(page));
      expect(uri.protocol).toBe('otpauth:');
      expect(decodeURIComponent(uri.pathname)).toMatch(new RegExp(`Partner Interface:${email}$`));
      expect(uri.searchParams.get('secret')).toBe(secret);
      expect(uri.searchParams.get('issuer')).toBe('Partner Interface');

      await answer(page, 'Confirmation code', '000000');
      await expect(page.getByRole('alert')).toContainText('Confirmation code is incorrect');
      await answer(page, 'Confirmation code', totp(secret));
      await expect(heading(page)).toHaveText('Save your recovery codes');
      const codes = await shownCodes(page);
      expect(new Set(codes).size).toBe(10);
      await page.reload();
      expect(await shownCodes(page)).toEqual(codes);
      await pressButton(page, 'Done');
      await expect(page.getByRole('alert')).toContainText('Save the codes first');
      expect(await shownCodes(page)).toEqual(codes);
      await page.getByLabel('I have saved these recovery codes').check();
      await pressButton(page, 'Done');
      await page.goto('/enroll/recovery-codes');
      await expect(page.locator('ol.codes')).toHaveCount(0);

      await signOut(page);
      await signIn(page, email);
      await answer(page, 'One-time code', totp(secret));
      await expect(page.getByRole('alert')).toContainText('Code already used');
      await answer(page, 'One-time code', '000000');
      await expect(page.getByRole('alert')).toContainText('One-time code is incorrect');
      clock.at += 150;
      await answer(page, 'One-time code', totp(secret, -3));
      await expect(page.getByRole('alert')).toContainText('Code expired');
      await expect(page.getByRole('alert')).toContainText('Enter the one your app shows now.');
      await answer(page, 'One-time code', totp(secret));
      await signOut(page);

      await signIn(page, email);
      await page.getByRole('link', { name: 'Use a recovery code' }).click();
      await answer(page, 'Recovery code', (codes[6] ?? '').toLowerCase().replaceAll('-', ' '));
      await expect(page.getByText('You used a recovery code. 9 codes are left.')).toBeVisible();
      await expect(page.getByRole('link', { name: 'Set up a new authenticator' })).toBeVisible();
      await signOut(page);
      await signIn(page, email);
      await page.getByRole('link', { name: 'Use a recovery code' }).click();
      await answer(page, 'Recovery code', codes[6] ?? '');
      await expect(page.getByRole('alert')).toContainText('Recovery code already used');
    });
  });
}

test('accepts what oathtool makes of the manual code', async ({ page, site }) => {
  test.skip(!isInstalled('oathtool'), 'oathtool is not installed');
  await signIn(page, (await site.newPerson()).email);
  await pressButton(page, 'Get Started');
  const secret = await openManualCode(page);
  const made = execFileSync('oathtool', ['--totp', '-b', '--now', `@${site.world.clock.at}`, secret]);
  await answer(page, 'Confirmation code', made.toString());
  await expect(heading(page)).toHaveText('Save your recovery codes');
});

test('says until when the second factor can wait, and lets it wait', async ({ page, site }) => {
  const requiredFrom = parseBegin('2027-02-04') ?? 0;
  await signIn(page, (await site.newPerson({ requiredFrom })).email);
  await expect(page.locator('.card')).toContainText('need this to sign in from February 4, 2027');
  await pressButton(page, 'Not now');
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
});

async function answer(page: Page, label: string, code: string): Promise<void> {
  await page.getByLabel(label, { exact: true }).fill(code);
  await pressButton(page, 'Verify');
}

function shownCodes(page: Page): Promise<string[]> {
  return page.locator('ol.codes li').allInnerTexts();
}

function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ['--version']);
    return true;
  } catch {
    return false;
  }
}
