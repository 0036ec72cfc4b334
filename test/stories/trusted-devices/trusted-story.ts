import assert from 'node:assert/strict';
import type { MfaPolicy } from '#core/people/policy.ts';
import { isRefusal } from '#core/values/result.ts';
import { changeTrustedDevices } from '#flows/trusted-devices/allow.ts';
import { ANA, cookieOf, openWithAna, setCookie } from '../../story.ts';
import type { Person, World } from '../../world.ts';

export const DAY = 24 * 60 * 60;
export const CODE_PAGE = '/sign-in/one-time-code';

type Setting = { readonly policy?: MfaPolicy; readonly requiredFrom?: number };

/** Ana with an authenticator, whose partner allows trusted devices. */
export async function openTrusting(t: Parameters<typeof openWithAna>[0], setting: Setting = {}) {
  const { world, partnerId, ana } = await openWithAna(t, setting);
  const secret = await world.addAuthenticator(ana.id);
  await allow(world, partnerId);
  return { world, partnerId, ana, secret };
}

export async function allow(world: World, partnerId: string, allowed = true) {
  const changed = await changeTrustedDevices(world.env, 'command_line', partnerId, allowed);
  assert.ok(!isRefusal(changed));
  return changed;
}

/** Password and code with the box checked, signed out again. The next code is unused. */
export async function trust(world: World, browser: Person, secret: string, email = ANA): Promise<string> {
  await signInTrusting(world, browser, secret, email);
  await browser.post('/sign-out');
  return cookieOf(browser, 'trust') ?? '';
}

/** The same, and stays signed in. */
export async function signInTrusting(world: World, browser: Person, secret: string, email = ANA): Promise<void> {
  assert.equal((await browser.signIn(email)).location, CODE_PAGE);
  const answer = await browser.post(CODE_PAGE, { code: world.totp(secret), trust: 'yes' });
  assert.equal(answer.status, 303);
  world.clock.at += 30;
}

/** Whether the password alone signs in there. Signs out again. */
export async function isTrusted(browser: Person, email = ANA): Promise<boolean> {
  const { status, location } = await browser.signIn(email);
  assert.equal(status, 303);
  if (location === CODE_PAGE) return false;
  assert.equal(location, '/');
  await browser.post('/sign-out');
  return true;
}

/** Another browser with a copy of the cookie. */
export function thiefWith(world: World, cookie: string, address = '198.51.100.9'): Person {
  const thief = world.person(address);
  setCookie(thief, 'trust', cookie);
  return thief;
}

export async function rowsOf(world: World, userId: string) {
  const rows = world.env.db.read.selectFrom('trusted_devices').selectAll().where('user_id', '=', userId);
  return rows.orderBy('created_at').orderBy('id').execute();
}

export async function detailsOf(world: World, action: string) {
  return (await world.events()).filter((event) => event.action === action).map(({ detail }) => detail);
}

export async function kindsOfMail(world: World): Promise<string[]> {
  return (await world.mail()).map(({ kind }) => kind).reverse();
}
