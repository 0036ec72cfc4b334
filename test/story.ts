import assert from 'node:assert/strict';
import { HOTP, Secret } from 'otpauth';
import type { MfaPolicy } from '#core/people/policy.ts';
import { ORIGIN, openWorld, type Person, type World } from './world.ts';

/** The page between a form and another origin redirects by itself. */
export function refreshTo(target: string): string {
  return `<meta http-equiv="refresh" content="0; url=${target}">`;
}

/** Shared by the stories of one person at one partner. */
export const ANA = 'ana@acme.example';

type Setting = {
  readonly policy?: MfaPolicy;
  readonly requiredFrom?: number;
  readonly environment?: Readonly<Record<string, string>>;
};

/** A world with one partner and Ana, who works there. */
export async function openWithAna(t: Parameters<typeof openWorld>[0], setting: Setting = {}) {
  const { environment, ...partner } = setting;
  const world = await openWorld(t, environment ? { environment } : {});
  const { id: partnerId } = await world.addPartner(partner);
  const ana = await world.addUser({ email: ANA, partnerId });
  return { world, partnerId, ana };
}

/** Ana with an app and saved codes. The code that confirmed it has expired. */
export async function openWithEnrolledAna(t: Parameters<typeof openWorld>[0], setting: Setting = {}) {
  const { world, partnerId, ana } = await openWithAna(t, setting);
  const browser = world.person();
  const { secret, codes } = await enrollWithCodes(world, browser);
  return { world, partnerId, ana, browser, secret, codes };
}

/** From the password to Done, with the codes from the page. The next code is unused afterwards. */
export async function enrollWithCodes(world: World, browser: Person, email = ANA) {
  await browser.signIn(email);
  const secret = await startEnrollment(browser);
  const confirmed = await browser.post('/enroll/authenticator', { code: world.totp(secret) });
  assert.equal(confirmed.location, '/enroll/recovery-codes');
  const codes = codesOn((await browser.get('/enroll/recovery-codes')).text);
  assert.equal(codes.length, 10);
  await browser.post('/enroll/recovery-codes', { saved: 'yes' });
  world.clock.at += 30;
  return { secret, codes };
}

/** From the prompt to the set-up page. Answers its secret. */
export async function startEnrollment(browser: Person): Promise<string> {
  await browser.get('/enroll');
  await browser.post('/enroll');
  return secretOn((await browser.get('/enroll/authenticator')).text);
}

/** A form that `page` does not contain, with its token: an act that is not offered must be refused too. */
export async function sendUnoffered(browser: Person, page: string, path: string, fields: Record<string, string> = {}) {
  const token = /name="form_token" value="([^"]+)"/.exec((await browser.get(page)).text)?.[1] ?? '';
  const body = new URLSearchParams({ form_token: token, ...fields });
  return browser.send(path, { method: 'POST', body, headers: { origin: ORIGIN } });
}

/** "Not now", from the prompt. */
export async function skip(browser: Person) {
  await browser.get('/enroll');
  return browser.post('/enroll/skip');
}

/** Password and code. The next code is unused. */
export async function signInFully(world: World, browser: Person, secret: string, email = ANA) {
  assert.equal((await browser.signIn(email)).location, '/sign-in/one-time-code');
  const answer = await browser.post('/sign-in/one-time-code', { code: world.totp(secret) });
  assert.equal(answer.status, 303);
  world.clock.at += 30;
  return answer;
}

/** The pending token of an API sign-in. */
export async function pendingToken(world: World, email = ANA): Promise<string> {
  const { body } = await world.api('POST', '/api/v1/sign-in', { email, password: PASSWORD_OF_ALL });
  assert(typeof body.pendingToken === 'string');
  return body.pendingToken;
}

const PASSWORD_OF_ALL = 'lantern otter velvet 9';

/** Six digits of no step within 25 steps: certainly wrong. */
export function wrongCode(world: World, secret: string, ordinal = 0): string {
  const hotp = new HOTP({ secret: Secret.fromBase32(secret) });
  const step = Math.floor(world.clock.at / 30);
  const taken = new Set(Array.from({ length: 51 }, (_, index) => hotp.generate({ counter: step - 25 + index })));
  const free = Array.from({ length: 100 }, (_, index) => String(100_000 + index)).filter((code) => !taken.has(code));
  return free[ordinal] ?? '';
}

export function secretOn(text: string): string {
  const secret = /secret=([A-Z2-7]{32})/.exec(text)?.[1];
  assert(secret, 'the page shows a secret');
  return secret;
}

/** The recovery codes on a page or in a file, in their order. */
export function codesOn(text: string): string[] {
  const plain = text.replace(/<ol class="codes"[\s\S]*?<\/ol>/, (list) => list.replace(/<(?!\/?li)[^>]+>/g, ''));
  const found = plain.match(/\b[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}\b/g) ?? [];
  return [...new Set(found)];
}

/** The error summary of a page as plain text. Empty without one. */
export function refusalOn(text: string): string {
  const summary = /<div class="refusal"[\s\S]*?<\/div><\/div>/.exec(text)?.[0] ?? '';
  return plain(summary);
}

/** The page without the marks of waits that count down, so that their sentences are whole. */
export function uncounted(html: string): string {
  return html.replace(/<span data-wait="\d+">([^<]*)<\/span>/g, '$1');
}

/** The text of a page. */
export function plain(html: string): string {
  return (
    uncounted(html)
      .replace(/<head>[\s\S]*?<\/head>/, '')
      // A possible line break inside a word does not split it.
      .replaceAll('<wbr>', '')
      .replace(/<[^>]+>/g, ' ')
      .replace(/&#39;/g, "'")
      .replace(/\s+/g, ' ')
      .trim()
  );
}

export function headingOn(html: string): string {
  return plain(/<h1>([\s\S]*?)<\/h1>/.exec(html)?.[1] ?? '');
}

/** The value of one of our cookies in a browser. */
export function cookieOf(browser: Person, name: 'session' | 'pending' | 'device' | 'trust'): string | undefined {
  return browser.cookies.get(`__Host-sallyport-${name}`);
}

export function setCookie(browser: Person, name: 'session' | 'pending' | 'device' | 'trust', value: string): void {
  browser.cookies.set(`__Host-sallyport-${name}`, value);
}

/** Makes the one authenticator of a user unreadable, as after a lost key. */
export async function breakSecret(world: World, userId: string): Promise<void> {
  await world.env.db.transaction((tx) =>
    tx.updateTable('authenticators').set({ sealed_secret: 'v1.k1.AAAA.AAAA' }).where('user_id', '=', userId).execute(),
  );
}

export async function authenticatorOf(world: World, userId: string) {
  const { read } = world.env.db;
  return read.selectFrom('authenticators').selectAll().where('user_id', '=', userId).executeTakeFirst();
}
