import { createServer } from 'node:net';
import { type BrowserContext, test as base, type Locator, type Page } from '@playwright/test';
import type { MfaPolicy, Role } from '#core/people/policy.ts';
import { devMailRoutes } from '#features/dev-mail/routes.ts';
import { createApp } from '#http/app.ts';
import { listen } from '#http/server/listen.ts';
import { ROUTES } from '../../src/routes.ts';
import { openWorld, PASSWORD, type World } from '../world.ts';

export { expect } from '@playwright/test';
export { PASSWORD };

/** The service on its own port, with a manual clock and everything that tests need to know about it. */
export type Site = {
  readonly origin: string;
  readonly world: World;
  /** The delay of each page: long enough for a second click on the previous one. */
  readonly pace: { pageMilliseconds: number };
  /** A new person without a session. */
  newPerson(options?: NewPerson): Promise<Person>;
};

export type Person = { readonly id: string; readonly email: string };

type NewPerson = {
  readonly policy?: MfaPolicy;
  readonly requiredFrom?: number;
  readonly role?: Role;
  /** The part of the email before the at sign. */
  readonly name?: string;
  /** Has no password yet. */
  readonly isInvited?: boolean;
};

type Cleanups = { after(work: () => unknown): void };

/** @param clock absent: the world's clock, which does not move */
export async function openSite(
  cleanups: Cleanups,
  settings: Readonly<Record<string, string>> = {},
  clock?: World['clock'],
): Promise<Site> {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const environment = { PORT: String(port), SALLYPORT_PUBLIC_URL: origin, ...settings };
  const world = await openWorld(cleanups, { environment, ...(clock && { clock }) });
  const app = createApp(world.env, [...ROUTES, ...devMailRoutes]);
  const pace = { pageMilliseconds: 0 };
  const listening = await listen(world.env, {
    ...app,
    listener: (request, response) =>
      setTimeout(() => app.listener(request, response), request.method === 'GET' ? pace.pageMilliseconds : 0),
  });
  cleanups.after(() => listening.close());
  let people = 0;
  return {
    origin,
    world,
    pace,
    async newPerson({ policy = 'required', requiredFrom, role = 'member', name = 'ana.silva', isInvited } = {}) {
      const number = people++;
      const email = `${name}${number === 0 ? '' : number}@acme.example`;
      const when = requiredFrom === undefined ? {} : { requiredFrom };
      const staff = role === 'csm' || role === 'admin';
      const partner = staff ? undefined : await world.addPartner({ slug: `acme-${number}`, policy, ...when });
      return world.addUser({ email, partnerId: partner?.id, role, ...(isInvited && { password: undefined }) });
    },
  };
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** A site for each test, and a browser that may contact nothing else. */
export const test = base.extend<{ site: Site; faults: string[] }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from the pattern
  site: async ({}, use) => {
    const cleanups: (() => unknown)[] = [];
    const site = await openSite({ after: (work) => void cleanups.push(work) });
    await use(site);
    for (const work of cleanups.reverse()) await work();
  },
  baseURL: async ({ site }, use) => use(site.origin),
  /** Must be empty after every test. */
  faults: [
    async ({ context, site }, use) => {
      const faults = watchFaults(context, () => [site.origin]);
      await use(faults);
      base.expect(faults).toEqual([]);
    },
    { auto: true },
  ],
});

/**
 * Collects requests to other origins, console errors and warnings, and script exceptions.
 *
 * @param origins read at each request, because a test may open more of them
 */
export function watchFaults(context: BrowserContext, origins: () => readonly string[]): string[] {
  const faults: string[] = [];
  context.on('request', (request) => {
    const { origin, protocol, href } = new URL(request.url());
    if (!origins().includes(origin) && protocol !== 'data:') faults.push(`asked ${href}`);
  });
  context.on('console', (message) => {
    // The browser's own line about a refused form, whose status is intended.
    const isStatus = /^Failed to load resource: the server responded with a status of 4/.test(message.text());
    if (['error', 'warning'].includes(message.type()) && !isStatus) faults.push(message.text());
  });
  context.on('weberror', (error) => faults.push(String(error.error())));
  return faults;
}

/** The password step, by the words on the screen. */
export async function signIn(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel('Email', { exact: true }).fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** Both factors, for a person with an authenticator app. */
export async function signInWith(page: Page, email: string, code: string, password = PASSWORD): Promise<void> {
  await signIn(page, email, password);
  await page.getByLabel('One-time code').fill(code);
  await pressButton(page, 'Verify');
}

/** Signs in a person who gets an authenticator app first, and answers its secret. The next code is unused. */
export async function enter(page: Page, { world }: Site, person: Person): Promise<string> {
  const secret = await world.addAuthenticator(person.id);
  await signInWith(page, person.email, world.totp(secret));
  await base.expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
  world.clock.at += 30;
  return secret;
}

export async function signOut(page: Page): Promise<void> {
  await pressButton(page, 'Sign out');
  await base.expect(heading(page)).toHaveText('Sign in');
}

export async function pressButton(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click();
}

export function heading(page: Page): Locator {
  return page.getByRole('heading', { level: 1 });
}

/** Answers the secret as shown. Its groups of four are only visual. */
export async function openManualCode(page: Page): Promise<string> {
  await page.getByText('Try manual code', { exact: true }).click();
  const shown = page.locator('.secret');
  await base.expect(shown).toBeVisible();
  const secret = (await shown.textContent()) ?? '';
  base.expect(secret).toMatch(/^[A-Z2-7]{32}$/);
  return secret;
}
