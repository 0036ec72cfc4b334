import type { Page } from '@playwright/test';
import { type Notice, noticeText } from '#core/sessions/notice.ts';
import { makeLink } from '#flows/administration/make-link.ts';
import type { Person, Site } from './world.ts';

/** The place of a picture: its own browser, on a shared site. */
export type Stage = { readonly site: Site; readonly page: Page };

type Visitor = ReturnType<Site['world']['person']>;

export type Picture = (stage: Stage) => Promise<unknown>;

export const THIS_BROWSER =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';
export const OTHER_BROWSERS = [
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0',
  'curl/8.5.0',
];

export async function signInAt(page: Page, email: string, password: string): Promise<void> {
  await page.goto('/sign-in');
  await page.locator('#email').fill(email);
  await page.locator('#password').fill(password);
  await submit(page);
}

/** The day this many days after an instant, in the format of a date field. */
export function dayText(at: number, daysAhead: number): string {
  return new Date((at + daysAhead * 86_400) * 1000).toISOString().slice(0, 10);
}

/** The main button of the card. */
export async function submit(page: Page): Promise<void> {
  await page.locator('.card button.primary').click();
}

export async function sendCode(page: Page, code: string): Promise<void> {
  await page.locator('#code').fill(code);
  await submit(page);
}

/** Continues in this browser as a person who signed in without a browser, which is faster. */
export async function takeOver({ page, site }: Stage, { cookies }: Visitor, path: string): Promise<void> {
  await page.context().addCookies(Array.from(cookies, ([name, value]) => ({ name, value, url: site.origin })));
  await page.goto(path);
}

export async function setUp(stage: Stage): Promise<void> {
  const visitor = stage.site.world.person();
  await visitor.signIn((await stage.site.newPerson()).email);
  await visitor.get('/enroll');
  await visitor.post('/enroll');
  await takeOver(stage, visitor, '/enroll/authenticator');
}

/** The secret in the link for people who are already on their phone. */
export async function shownSecret(page: Page): Promise<string> {
  const href = await page.locator('.phone-first a').getAttribute('href');
  return new URL(href ?? '').searchParams.get('secret') ?? '';
}

export async function recoveryCodes(stage: Stage): Promise<void> {
  await setUp(stage);
  await sendCode(stage.page, stage.site.world.totp(await shownSecret(stage.page)));
}

type Enrolled = Person & { readonly secret: string };

export async function secondFactor(stage: Stage, { wrongBefore = 0 } = {}): Promise<Enrolled> {
  const { site } = stage;
  const person = await site.newPerson();
  const secret = await site.world.addAuthenticator(person.id);
  for (let wrong = 0; wrong < wrongBefore; wrong++) {
    const other = site.world.person('192.0.2.60');
    await other.signIn(person.email);
    await other.post('/sign-in/one-time-code', { code: '000000' });
    site.world.clock.at += wrong < 5 ? 0 : 3600;
  }
  const visitor = site.world.person();
  await visitor.signIn(person.email);
  await takeOver(stage, visitor, '/sign-in/one-time-code');
  return { ...person, secret };
}

export function withCode(codeOf: (stage: Stage, secret: string) => string): Picture {
  return async (stage) => {
    const { secret } = await secondFactor(stage);
    await sendCode(stage.page, codeOf(stage, secret));
  };
}

export async function signedIn(stage: Stage, path: string, policy: 'required' | 'optional' = 'required') {
  const { site } = stage;
  const person = await site.newPerson({ policy });
  const secret = await site.world.addAuthenticator(person.id);
  const visitor = site.world.person();
  await visitor.signIn(person.email);
  await visitor.post('/sign-in/one-time-code', { code: site.world.totp(secret) });
  await site.world.env.db.transaction((tx) => tx.updateTable('sessions').set({ notice: null }).execute());
  await takeOver(stage, visitor, path);
  return { ...person, secret };
}

export async function passwordOnly(stage: Stage, path: string): Promise<Person> {
  const person = await stage.site.newPerson({ policy: 'off' });
  const visitor = stage.site.world.person();
  await visitor.signIn(person.email);
  await takeOver(stage, visitor, path);
  return person;
}

export function withNotice(path: string, notice: Notice): Picture {
  return async (stage) => {
    await signedIn(stage, '/help');
    await setNotice(stage.site, notice);
    await stage.page.goto(path);
  };
}

export function setNotice({ world }: Site, notice: Notice): Promise<unknown> {
  return world.env.db.transaction((tx) =>
    tx
      .updateTable('sessions')
      .set({ notice: noticeText(notice) })
      .execute(),
  );
}

export async function nameNewestSession({ world }: Site, userAgent: string): Promise<void> {
  const newest = await world.env.db.read
    .selectFrom('sessions')
    .select('id')
    .orderBy('id', 'desc')
    .executeTakeFirstOrThrow();
  await world.env.db.transaction((tx) =>
    tx.updateTable('sessions').set({ user_agent: userAgent }).where('id', '=', newest.id).execute(),
  );
}

export async function stepUp(stage: Stage): Promise<void> {
  await signedIn(stage, '/security');
  stage.site.world.clock.at += 400;
  await stage.page.goto('/security/recovery-codes');
}

async function linkFor(site: Site, purpose: 'reset' | 'invitation'): Promise<string> {
  const { id } = await site.newPerson({ isInvited: purpose === 'invitation' });
  const { env } = site.world;
  const link = await env.db.transaction((tx) => makeLink(env, tx, { purpose, userId: id }));
  return link.url;
}

/** Waits for the form, because a dead link shows another page under the same address. */
export async function openLink({ page, site }: Stage, purpose: 'reset' | 'invitation'): Promise<void> {
  await page.goto(await linkFor(site, purpose));
  await page.locator('#password').waitFor();
}

export async function firstAdministratorLink({ world: { env } }: Site): Promise<string> {
  return env.db.transaction(async (tx) => {
    // The link is dead once an administrator exists, so those of earlier pictures lose the role.
    await tx.updateTable('users').set({ role: 'csm' }).where('role', '=', 'admin').execute();
    return (await makeLink(env, tx, { purpose: 'first_administrator' })).url;
  });
}

export async function requestLink(site: Site): Promise<void> {
  const { email } = await site.newPerson();
  await site.world.person().post('/forgot-password', { email });
}
