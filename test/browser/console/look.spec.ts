import type { Page } from '@playwright/test';
import { JPEG, png, WEBP_ALPHA, WEBP_LOSSLESS, WEBP_LOSSY } from '../../pictures.ts';
import { checkWithAxe } from '../axe.ts';
import { signInAt } from '../ways.ts';
import { enter, expect, PASSWORD, pressButton, type Site, test } from '../world.ts';

const LOGO = { name: 'logo.png', mimeType: 'image/png', buffer: png() };

for (const javaScriptEnabled of [true, false]) {
  test.describe(`the look of a partner, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, () => {
    test.use({ javaScriptEnabled });

    test('is previewed in both schemes, saved, and seen by its people alone', async ({ page, site, browser }) => {
      const { ana, look } = await open(site);
      await enter(page, site, await site.newPerson({ role: 'csm', name: 'chris' }));
      await page.goto(look);
      if (javaScriptEnabled) await checkWithAxe(page);
      const buttons = page.locator('.sample .button');
      const [light, dark] = await coloursOf(page);
      expect(light).not.toBe(dark);
      await page.getByLabel('Name shown to its people').fill('Acme Access');
      await page.getByLabel('Accent hue').fill('145');
      if (javaScriptEnabled) {
        await expect.poll(async () => (await coloursOf(page))[0]).not.toBe(light);
        await expect(page.locator('[data-contrast]').first()).toBeHidden();
      }
      await page.getByLabel('Help line', { exact: true }).fill('IT desk, extension 4711');
      await pressButton(page, 'Preview');
      await expect(page).toHaveURL(/look\?name=Acme\+Access&hue=145/);
      await expect(page.locator('.sample').first()).toContainText('Acme Access');
      await expect(page.locator('[data-contrast]').first()).toContainText(/4\.5\s:\s1/);
      const [green] = await coloursOf(page);
      expect(green).not.toBe(light);
      await expect(buttons).toHaveCount(2);
      await pressButton(page, 'Save');
      await expect(page.getByRole('status').first()).toContainText('Look saved');
      expect((await coloursOf(page))[0], 'the page itself keeps the colours of the service').toBe(green);
      await page.getByLabel('File').first().setInputFiles(LOGO);
      await page.getByRole('button', { name: 'Upload' }).first().click();
      await expect(page.getByRole('img', { name: 'Logo for the light scheme' })).toBeVisible();
      if (javaScriptEnabled) await checkWithAxe(page);

      const theirs = await (await browser.newContext({ baseURL: site.origin, javaScriptEnabled })).newPage();
      await theirs.goto('/sign-in');
      await expect(theirs.locator('.brand')).toHaveText('PPartner Interface');
      await signInAt(theirs, ana.email, PASSWORD);
      await expect(theirs.locator('.brand')).toHaveText('Acme Access');
      await expect(theirs.locator('footer')).toContainText('IT desk, extension 4711');
      expect(await widths(theirs)).toEqual([32]);
      expect((await coloursOf(theirs, '.button.primary'))[0]).toBe(green);
      await theirs.context().close();
    });

    test('says beside the field what does not fit', async ({ page, site }) => {
      const { look } = await open(site);
      await enter(page, site, await site.newPerson({ role: 'csm', name: 'chris' }));
      await page.goto(look);
      await page.getByLabel('Link of the help line').fill('http://acme.example');
      await pressButton(page, 'Save');
      await expect(page.getByRole('alert')).toContainText('Please check 2 fields');
      await expect(page.locator('#link-error')).toBeVisible();
      const svg = { name: 'logo.png', mimeType: 'image/png', buffer: Buffer.from('<svg><script>1</script></svg>') };
      await page.getByLabel('File').nth(1).setInputFiles(svg);
      await page.getByRole('button', { name: 'Upload' }).nth(1).click();
      await expect(page.locator('#file-dark-error')).toHaveText('Choose a PNG, JPEG or WebP file');
      if (javaScriptEnabled) await checkWithAxe(page);
    });
  });
}

test('every kind of logo is drawn as it was, after all that is hidden in it is gone', async ({ page, site }) => {
  const { look } = await open(site);
  await enter(page, site, await site.newPerson({ role: 'csm', name: 'chris' }));
  await page.goto(look);
  for (const buffer of [png(), JPEG, WEBP_LOSSY, WEBP_LOSSLESS, WEBP_ALPHA]) {
    await page
      .getByLabel('File')
      .first()
      .setInputFiles({ ...LOGO, buffer });
    await page.getByRole('button', { name: 'Upload' }).first().click();
    await expect(page.getByRole('status').first()).toContainText('Look saved');
    expect(await widths(page, '.logo-ground img')).toEqual([32]);
  }
});

test.describe('in the dark scheme', () => {
  test.use({ colorScheme: 'dark' });

  test('the page shows the other logo', async ({ page, site }) => {
    const { look, ana } = await open(site);
    await enter(page, site, await site.newPerson({ role: 'csm', name: 'chris' }));
    await page.goto(look);
    for (const [index, width] of [32, 40].entries()) {
      await page
        .getByLabel('File')
        .nth(index)
        .setInputFiles({ ...LOGO, buffer: width === 32 ? png() : JPEG });
      await page.getByRole('button', { name: 'Upload' }).nth(index).click();
      await expect(page.locator('.logo-ground')).toHaveCount(index + 1);
    }
    const dark = await page.locator('.logo-ground img').nth(1).getAttribute('src');
    await page.context().clearCookies();
    await signInAt(page, ana.email, PASSWORD);
    await page.waitForLoadState('load');
    expect(await page.evaluate<string>('new URL(document.querySelector("img.mark").currentSrc).pathname')).toBe(dark);
  });
});

async function open(site: Site) {
  const ana = await site.newPerson();
  const { id } = await site.world.env.db.read.selectFrom('partners').select('id').executeTakeFirstOrThrow();
  return { ana, look: `/console/partners/${id}/look` };
}

function coloursOf(page: Page, selector = '.sample .button'): Promise<string[]> {
  return page.evaluate<string[]>(
    `[...document.querySelectorAll('${selector}')].map((one) => getComputedStyle(one).backgroundColor)`,
  );
}

/** The real widths of pictures: 0 if the browser cannot draw one. */
async function widths(page: Page, selector = 'img.mark'): Promise<number[]> {
  await page.waitForLoadState('load');
  return page.evaluate<number[]>(`[...document.querySelectorAll('${selector}')].map((one) => one.naturalWidth)`);
}
