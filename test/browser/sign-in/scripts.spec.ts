import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { decodeQr } from '../qr.ts';
import { shownSecret, submit } from '../ways.ts';
import { expect, heading, openManualCode, PASSWORD, pressButton, type Site, signIn, test } from '../world.ts';

test.describe('with scripts', () => {
  test.use({ permissions: ['clipboard-read', 'clipboard-write'] });

  test('copies the secret without spaces and the codes line by line', async ({ page, site }) => {
    await toSetUp(page, site);
    const secret = await openManualCode(page);
    await pressButton(page, 'Copy');
    await expect(page.getByRole('status')).toHaveText('Copied');
    expect(await clipboard(page)).toBe(secret);
    await toCodes(page, site);
    await pressButton(page, 'Copy');
    await expect(page.getByRole('status')).toHaveText('Copied');
    expect(await clipboard(page)).toBe((await page.locator('ol.codes li').allInnerTexts()).join('\n'));
  });

  test('what a person selects of the secret has no spaces either', async ({ page, site }) => {
    await toSetUp(page, site);
    const secret = await openManualCode(page);
    await page.locator('.secret code').selectText();
    await page.keyboard.press('Control+c');
    expect(await clipboard(page)).toBe(secret);
  });

  test('a second click submits once', async ({ page, site }) => {
    const posts = countPosts(page);
    await page.goto('/sign-in');
    await fill(page, (await site.newPerson()).email);
    await clickTwice(page, site, 'Sign in');
    await expect(heading(page)).toHaveText('Two-Factor Authentication');
    expect(posts()).toBe(1);
  });

  test('a page that comes back from the history can be sent again', async ({ page }) => {
    await page.goto('/sign-in');
    await fill(page, 'nobody@acme.example');
    await submit(page);
    await expect(page.getByRole('alert')).toBeVisible();
    await page.goBack();
    await submit(page);
    await expect(page.getByRole('alert')).toBeVisible();
  });

  test('Escape and a click elsewhere close the menu of languages', async ({ page }) => {
    await page.goto('/sign-in');
    const menu = page.locator('details.language');
    await menu.locator('summary').click();
    await page.keyboard.press('Escape');
    await expect(menu).not.toHaveAttribute('open');
    await expect(menu.locator('summary')).toBeFocused();
    await menu.locator('summary').click();
    await heading(page).click();
    await expect(menu).not.toHaveAttribute('open');
  });
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test('a second click does no harm', async ({ page, site }) => {
    await toSetUp(page, site);
    await page.getByLabel('Confirmation code').fill(site.world.totp(await shownSecret(page)));
    const posts = countPosts(page);
    await clickTwice(page, site, 'Verify');
    await expect(heading(page)).toHaveText('Save your recovery codes');
    expect(posts()).toBe(2);
    const sessions = await site.world.env.db.read.selectFrom('sessions').select('id').execute();
    expect(sessions.length).toBe(1);
  });

  test('shows no control that needs one', async ({ page, site }) => {
    await toSetUp(page, site);
    await openManualCode(page);
    await expect(page.getByRole('button', { name: 'Copy' })).toHaveCount(0);
    await toCodes(page, site);
    await expect(page.getByRole('button', { name: 'Print' })).toHaveCount(0);
    await expect(page.getByRole('link', { name: 'Download' })).toBeVisible();
  });
});

test('the QR code is read in the dark and on a phone, and is as large as a camera needs', async ({ page, site }) => {
  await toSetUp(page, site);
  const secret = await shownSecret(page);
  for (const [colorScheme, width] of [
    ['dark', 1280],
    ['dark', 320],
    ['light', 390],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    expect(new URL(await decodeQr(page)).searchParams.get('secret')).toBe(secret);
    // 4 cm, at 96 pixels per inch.
    expect((await page.locator('.qr').boundingBox())?.width).toBeGreaterThanOrEqual(151);
  }
});

test('the downloaded file has the codes of the screen', async ({ page, site }) => {
  await toSetUp(page, site);
  await toCodes(page, site);
  const started = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download' }).click();
  const download = await started;
  expect(download.suggestedFilename()).toBe('recovery-codes.txt');
  const text = await readFile(await download.path(), 'utf8');
  for (const code of await page.locator('ol.codes li').allInnerTexts()) expect(text).toContain(`${code}\n`);
});

test('on paper stand the codes, whose they are and from when', async ({ page, site }) => {
  await toSetUp(page, site);
  await toCodes(page, site);
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  await expect(page.locator('.paper')).toBeVisible();
  await expect(page.locator('.paper')).toContainText('Partner Interface · ana.silva@acme.example · ');
  await expect(page.locator('ol.codes li')).toHaveCount(10);
  for (const gone of ['.top', '.foot', '.actions', '.card form']) {
    await expect(page.locator(`${gone} :is(button, input, a):visible`)).toHaveCount(0);
  }
  await expect(page.locator('body')).toHaveCSS('color', 'rgb(0, 0, 0)');
  await expect(page.locator('body')).toHaveCSS('background-color', 'rgb(255, 255, 255)');
});

for (const javaScriptEnabled of [true, false]) {
  test.describe(`JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, () => {
    test.use({ javaScriptEnabled });

    test('the chosen language stays', async ({ page }) => {
      await page.goto('/help/set-up');
      await page.locator('details.language summary').click();
      await page.getByRole('button', { name: 'Deutsch' }).click();
      await expect(page).toHaveURL(/\/help\/set-up$/);
      await page.goto('/sign-in');
      await expect(heading(page)).toHaveText('Anmelden');
      await expect(page.locator('html')).toHaveAttribute('lang', 'de');
    });
  });
}

test('the sign-in page stays under 40 KB, its scripts under 10 KB, and what passkeys add to it under 20 KB', async ({
  page,
}) => {
  const loading: Promise<{ type: string; bytes: number; isOfPasskeys: boolean }>[] = [];
  page.on('response', (response) => {
    const type = response.request().resourceType();
    const isOfPasskeys = /passkey|webauthn/.test(new URL(response.url()).pathname);
    loading.push(response.body().then(({ length }) => ({ type, bytes: length, isOfPasskeys })));
  });
  await page.goto('/sign-in', { waitUntil: 'networkidle' });
  const all = await Promise.all(loading);
  const sizes = all.filter(({ isOfPasskeys }) => !isOfPasskeys);
  expect(sizes.map(({ type }) => type).sort()).toEqual(['document', 'script', 'stylesheet', 'stylesheet']);
  expect(sum(sizes.filter(({ type }) => type === 'script'))).toBeLessThan(10_000);
  expect(sum(sizes)).toBeLessThan(40_000);
  // These load after the page, which works without them.
  const added = all.filter(({ isOfPasskeys }) => isOfPasskeys);
  expect(added.map(({ type }) => type).sort()).toEqual(['fetch', 'script', 'script']);
  expect(sum(added)).toBeLessThan(20_000);
});

function sum(sizes: readonly { readonly bytes: number }[]): number {
  return sizes.reduce((total, { bytes }) => total + bytes, 0);
}

function clipboard(page: Page): Promise<string> {
  return page.evaluate<string>('navigator.clipboard.readText()');
}

async function toSetUp(page: Page, site: Site): Promise<void> {
  await signIn(page, (await site.newPerson()).email);
  await pressButton(page, 'Get Started');
  await expect(page.locator('.qr')).toBeVisible();
}

async function toCodes(page: Page, site: Site): Promise<void> {
  await page.getByLabel('Confirmation code').fill(site.world.totp(await shownSecret(page)));
  await pressButton(page, 'Verify');
  await expect(page.locator('ol.codes')).toBeVisible();
}

async function fill(page: Page, email: string): Promise<void> {
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
}

/** The second click happens between the answer to the first and the next page. */
async function clickTwice(page: Page, site: Site, name: string): Promise<void> {
  site.pace.pageMilliseconds = 1500;
  // Chromium treats two closer clicks as one: the second submit replaces the first.
  await page.getByRole('button', { name, exact: true }).dblclick({ delay: 200 });
}

function countPosts(page: Page): () => number {
  let posts = 0;
  page.on('request', (request) => {
    // The script for passkeys sends requests of its own.
    if (request.isNavigationRequest() && request.method() === 'POST') posts++;
  });
  return () => posts;
}
