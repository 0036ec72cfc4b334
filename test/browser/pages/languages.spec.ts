import { test as base, type Page } from '@playwright/test';
import { LOCALES, languageName, STAFF_LOCALES } from '#messages/locales.ts';
import { findPerson } from '#store/people/users.ts';
import { dress, LONGEST_LOOK } from '../../stories/look/look-story.ts';
import { checkWithAxe } from '../axe.ts';
import type { Stage } from '../ways.ts';
import { expect, heading, openSite, watchFaults } from '../world.ts';
import { GALLERY } from './gallery.ts';
import { protectedOrigin } from './site-gallery.ts';

/** The pages of users, in the state with the longest words. Every state is looked at in German. */
const PICTURES = [
  ...['sign-in', 'sign-in-refused', 'prompt', 'set-up-manual', 'codes', 'code', 'recovery', 'step-up', 'home'],
  ...['security', 'sessions', 'password', 'new-codes', 'forgot-sent', 'invitation', 'help', 'help-troubleshooting'],
  ...['apps', 'trusted', 'team', 'team-invite-many', 'lost'],
];
const WITH_AXE = ['sign-in-refused', 'set-up-manual', 'security'];
const OTHERS = LOCALES.filter((locale) => !STAFF_LOCALES.some((known) => known === locale));

/** The same site, whose people all see the longest look. */
function dressed(site: Stage['site']): Stage['site'] {
  const { env } = site.world;
  const newPerson: typeof site.newPerson = async (options) => {
    const person = await site.newPerson(options);
    const { user } = (await findPerson(env.db.read, person.id)) ?? {};
    if (user?.partnerId !== undefined) await dress(site.world, user.partnerId, LONGEST_LOOK);
    return person;
  };
  return { ...site, newPerson };
}

const test = base.extend<object, { site: Stage['site'] }>({
  site: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from the pattern
    async ({}, use) => {
      const cleanups: (() => unknown)[] = [];
      await use(dressed(await openSite({ after: (work) => void cleanups.push(work) })));
      for (const work of cleanups.reverse()) await work();
    },
    { scope: 'worker' },
  ],
});

for (const locale of OTHERS) {
  test(`the pages of users in ${languageName(locale)} fit a phone of 320 px`, async ({ browser, site }) => {
    const context = await browser.newContext({ baseURL: site.origin, locale, reducedMotion: 'reduce' });
    const faults = watchFaults(context, () => [site.origin, protectedOrigin(site)]);
    const page = await context.newPage();
    for (const name of PICTURES) {
      site.world.clock.at += 86_400;
      await context.clearCookies();
      await page.setViewportSize({ width: 320, height: 800 });
      const picture = GALLERY[name];
      expect(picture, name).toBeDefined();
      await picture?.({ site, page });
      await expect(page.locator('html')).toHaveAttribute('lang', locale);
      await expect(heading(page)).toHaveCount(1);
      await expectToFit(page, name);
      await expectWholeWords(page, name);
      if (WITH_AXE.includes(name)) await checkWithAxe(page);
    }
    expect(faults).toEqual([]);
    await context.close();
  });
}

test('the switch with all languages fits a phone of 320 px and can be used without JavaScript', async ({
  browser,
  site,
}) => {
  const context = await browser.newContext({ baseURL: site.origin, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.setViewportSize({ width: 320, height: 568 });
  await page.goto('/help');
  await page.locator('details.language summary').click();
  for (const locale of LOCALES) {
    const button = page.getByRole('button', { name: languageName(locale), exact: true });
    await button.scrollIntoViewIfNeeded();
    await expect(button).toBeInViewport({ ratio: 1 });
  }
  await page.getByRole('button', { name: 'Polski' }).click();
  await expect(page).toHaveURL(/\/help$/);
  await expect(page.locator('html')).toHaveAttribute('lang', 'pl');
  await context.close();
});

async function expectToFit(page: Page, name: string): Promise<void> {
  const needed = await page.evaluate<number>('document.documentElement.scrollWidth');
  expect(needed, name).toBeLessThanOrEqual(320);
}

/** No word of the heading is cut between two lines, here and where the heading is largest. */
async function expectWholeWords(page: Page, name: string): Promise<void> {
  for (const width of [320, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    const cut = await page.evaluate<string[]>(`(() => {
      const text = document.querySelector('h1').firstChild;
      if (!(text instanceof Text)) return [];
      const isCut = ({ index, 0: { length } }) => {
        const range = document.createRange();
        range.setStart(text, index);
        range.setEnd(text, index + length);
        return new Set([...range.getClientRects()].map(({ top }) => top)).size > 1;
      };
      return [...text.data.matchAll(/[^\\s-]+/g)].filter(isCut).map(([word]) => word);
    })()`);
    const ours = cut.filter((word) => !LONGEST_LOOK.name.includes(word));
    expect(ours, `${name} at ${width} px`).toEqual([]);
  }
}
