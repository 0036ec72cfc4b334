import { test as base, type Page } from '@playwright/test';
import { OWN_ROUTES } from '../../own-routes.ts';
import { checkWithAxe } from '../axe.ts';
import type { Stage } from '../ways.ts';
import { expect, heading, openSite, watchFaults } from '../world.ts';
import { APP_SEEN } from './app-gallery.ts';
import { BULK_GALLERY, BULK_SEEN } from './bulk-gallery.ts';
import { CONSOLE_NO_PAGE, CONSOLE_SEEN } from './console-gallery.ts';
import { GALLERY as OTHERS } from './gallery.ts';
import { LIFE_SEEN } from './life-gallery.ts';
import { PEOPLE_GALLERY, PEOPLE_SEEN } from './people-gallery.ts';
import { PORTAL_SEEN } from './portal-gallery.ts';
import { ROLL_OUT_NO_PAGE, ROLL_OUT_SEEN } from './roll-out-gallery.ts';
import { SETTINGS_SEEN } from './settings-gallery.ts';
import { protectedOrigin } from './site-gallery.ts';

/** One site and one browser for many pages, because opening them takes longer than checking a page. */
const test = base.extend<object, { stage: Stage & { readonly faults: string[] } }>({
  stage: [
    async ({ browser }, use) => {
      const cleanups: (() => unknown)[] = [];
      const site = await openSite({ after: (work) => void cleanups.push(work) });
      // German, because its words are the longest.
      const context = await browser.newContext({ baseURL: site.origin, locale: 'de', reducedMotion: 'reduce' });
      await use({
        site,
        page: await context.newPage(),
        faults: watchFaults(context, () => [site.origin, protectedOrigin(site)]),
      });
      await context.close();
      for (const work of cleanups.reverse()) await work();
    },
    { scope: 'worker' },
  ],
});

const GALLERY = { ...OTHERS, ...BULK_GALLERY, ...PEOPLE_GALLERY };

// A width of 1280 at 200 % zoom leaves 640.
const WIDTHS = [1280, 640, 320];

for (const [name, open] of Object.entries(GALLERY)) {
  test(`${name} fits every screen and is open to everybody`, async ({ stage }) => {
    const { page } = stage;
    await clear(stage);
    await open(stage);
    await checkHead(page);
    checkAddress(page, name);
    if (await page.locator('.refusal').isVisible()) await checkRefusal(page);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 });
      const needed = await page.evaluate<number>('document.documentElement.scrollWidth');
      expect(needed, `at ${width} px`).toBeLessThanOrEqual(width);
    }
    await checkWithAxe(page);
    expect(stage.faults).toEqual([]);
  });
}

/** The pictures that show each page. Other routes are forms, files and redirects. */
const SEEN: Readonly<Record<string, readonly string[]>> = {
  '/': ['home'],
  '/sign-in': ['sign-in'],
  '/sign-in/one-time-code': ['code'],
  '/sign-in/recovery-code': ['recovery'],
  '/sign-in/notice': ['notice-recovery-code'],
  '/enroll': ['prompt'],
  '/enroll/authenticator': ['set-up'],
  '/enroll/recovery-codes': ['codes'],
  '/step-up': ['step-up', 'step-up-password'],
  '/step-up/recovery-code': ['step-up-recovery'],
  '/security': ['security'],
  '/security/authenticator': ['replace', 'connecting', 'add'],
  '/security/recovery-codes': ['new-codes'],
  '/security/password': ['password'],
  '/security/sessions': ['sessions'],
  '/enroll/access-code': ['access-code', 'access-code-refused'],
  '/security/authenticator/access-code': ['security-access-code'],
  ...APP_SEEN,
  ...CONSOLE_SEEN,
  ...BULK_SEEN,
  ...PEOPLE_SEEN,
  ...ROLL_OUT_SEEN,
  ...SETTINGS_SEEN,
  ...LIFE_SEEN,
  ...PORTAL_SEEN,
  '/forgot-password': ['forgot', 'forgot-sent'],
  '/continue': ['continue'],
  '/password/:token': ['new-password'],
  '/invitation/:token': ['invitation', 'first-administrator'],
  '/help': ['help'],
  '/help/set-up': ['help-set-up'],
  '/help/how-sign-in-works': ['help-how-sign-in-works'],
  '/help/good-practice': ['help-good-practice'],
  '/help/troubleshooting': ['help-troubleshooting'],
};

const FILES = ['/enroll/recovery-codes.txt', '/team/people.csv'];
const NO_PAGE = [...FILES, '/.well-known/change-password', ...CONSOLE_NO_PAGE, ...ROLL_OUT_NO_PAGE];

test('no page is missing here', () => {
  const pages = OWN_ROUTES.filter(({ method, path }) => method === 'GET' && !path.startsWith('/api/'));
  const unseen = pages.map(({ path }) => path).filter((path) => !(path in SEEN) && !NO_PAGE.includes(path));
  expect(unseen).toEqual([]);
  expect(Object.values(SEEN).flatMap((names) => names.filter((name) => !(name in GALLERY)))).toEqual([]);
});

/** Checks that the browser arrived at the promised page. After a redirect it would check another page twice. */
function checkAddress(page: Page, name: string): void {
  const promised = Object.entries(SEEN).find(([, names]) => names.includes(name))?.[0];
  if (promised === undefined) return;
  const address = new RegExp(`^${promised.replaceAll(/:\w+/g, '[^/]+')}$`);
  expect(new URL(page.url()).pathname).toMatch(address);
}

/** Resets the limits, as after a long pause. */
async function clear({ site, page }: Stage): Promise<void> {
  site.world.clock.at += 86_400;
  await page.unrouteAll();
  await page.context().clearCookies();
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: 'light' });
}

async function checkHead(page: Page): Promise<void> {
  await expect(heading(page)).toHaveCount(1);
  await expect(page).toHaveTitle(/ – Partner Interface$/);
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
}

/** The summary has the focus and links to the field. The field shows the same text and names it as its description. */
async function checkRefusal(page: Page): Promise<void> {
  await expect(page.locator('.refusal')).toBeFocused();
  await expect(page).toHaveTitle(/^Fehler: /);
  for (const link of await page.locator('.refusal h2 a, .refusal li a').all()) {
    const id = ((await link.getAttribute('href')) ?? '').slice(1);
    const field = page.locator(`:is(input, textarea)#${id}`);
    await expect(field).toHaveAttribute('aria-invalid', 'true');
    await expect(field).toHaveAttribute('aria-describedby', new RegExp(`(^| )${id}-error$`));
    await expect(page.locator(`#${id}-error`)).toHaveText(await link.innerText());
  }
}
