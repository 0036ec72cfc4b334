import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { ROUTES } from '../../src/routes.ts';
import { GALLERY } from './gallery.ts';
import { expect, heading, test } from './world.ts';

const AXE = {
  runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] },
  resultTypes: ['violations'],
} satisfies AxeOptions;

type AxeOptions = Parameters<AxeBuilder['options']>[0];

// German words are the longest. 640 is what 1280 leaves at 200 %.
test.use({ locale: 'de', viewport: { width: 1280, height: 800 }, contextOptions: { reducedMotion: 'reduce' } });

for (const [name, open] of Object.entries(GALLERY)) {
  test(`${name} fits every screen and is open to everybody`, async ({ page, site }) => {
    await open({ page, site });
    await checkHead(page);
    if (await page.locator('.refusal').isVisible()) await checkRefusal(page);
    for (const width of [1280, 640, 320]) {
      await page.setViewportSize({ width, height: 800 });
      const needed = await page.evaluate<number>('document.documentElement.scrollWidth');
      expect(needed, `at ${width} px`).toBeLessThanOrEqual(width);
    }
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      // Legacy mode is for pages without frames: it spares a second page for each run.
      const { violations } = await new AxeBuilder({ page }).options(AXE).setLegacyMode().analyze();
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    }
  });
}

/** Where one sees each page; the others are forms, files and ways on. */
const SEEN: Readonly<Record<string, readonly string[]>> = {
  '/': ['home'],
  '/sign-in': ['sign-in'],
  '/sign-in/one-time-code': ['code'],
  '/sign-in/recovery-code': ['recovery'],
  '/sign-in/notice': ['notice-recovery-code'],
  '/enroll': ['prompt'],
  '/enroll/authenticator': ['set-up'],
  '/enroll/recovery-codes': ['codes'],
  '/step-up': ['step-up'],
  '/step-up/recovery-code': ['step-up-recovery'],
  '/security': ['security'],
  '/security/authenticator': ['replace', 'connecting', 'add'],
  '/security/recovery-codes': ['new-codes'],
  '/security/password': ['password'],
  '/security/sessions': ['sessions'],
  '/forgot-password': ['forgot'],
  '/password/:token': ['new-password'],
  '/invitation/:token': ['invitation', 'first-administrator'],
  '/help': ['help'],
  '/help/set-up': ['help-set-up'],
  '/help/how-sign-in-works': ['help-how-sign-in-works'],
  '/help/good-practice': ['help-good-practice'],
  '/help/troubleshooting': ['help-troubleshooting'],
};

const NO_PAGE = ['/enroll/recovery-codes.txt', '/.well-known/change-password'];

test('no page is missing here', () => {
  const pages = ROUTES.filter(({ method, path }) => method === 'GET' && !path.startsWith('/api/'));
  const unseen = pages.map(({ path }) => path).filter((path) => !(path in SEEN) && !NO_PAGE.includes(path));
  expect(unseen).toEqual([]);
  expect(Object.values(SEEN).flatMap((names) => names.filter((name) => !(name in GALLERY)))).toEqual([]);
});

async function checkHead(page: Page): Promise<void> {
  await expect(heading(page)).toHaveCount(1);
  await expect(page).toHaveTitle(/ – Partner Interface$/);
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
}

/** The summary has the focus and leads to the field; the field says the same and names the message as its description. */
async function checkRefusal(page: Page): Promise<void> {
  await expect(page.locator('.refusal')).toBeFocused();
  await expect(page).toHaveTitle(/^Fehler: /);
  for (const link of await page.locator('.refusal h2 a, .refusal li a').all()) {
    const id = ((await link.getAttribute('href')) ?? '').slice(1);
    const field = page.locator(`input#${id}`);
    await expect(field).toHaveAttribute('aria-invalid', 'true');
    await expect(field).toHaveAttribute('aria-describedby', new RegExp(`(^| )${id}-error$`));
    await expect(page.locator(`#${id}-error`)).toHaveText(await link.innerText());
  }
}
