import assert from 'node:assert/strict';
import type { AttemptCounter } from '#core/limits/counter-kinds.ts';
import { type Attempts, type Rule, reserveTry } from '#core/limits/throttle.ts';
import { drawRecoveryCodes, issueRecoveryCodes } from '#flows/authenticators/issue-recovery-codes.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import { findPerson } from '#store/people/users.ts';
import { type ApiAnswer, PASSWORD, type Person, type World } from '../../world.ts';

export const MINUTE = 60;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A person with an authenticator app and no known device yet. */
export type Enrolled = { readonly id: string; readonly email: string; readonly secret: string };

let people = 0;

export async function enrolledPerson(world: World): Promise<Enrolled> {
  people += 1;
  const partner = await world.addPartner({ slug: `acme-${people}` });
  const user = await world.addUser({ email: `ana${people}@acme.example`, partnerId: partner.id });
  return { ...user, secret: await world.addAuthenticator(user.id) };
}

/** Ten recovery codes for the authenticator. */
export async function recoveryCodesOf(world: World, userId: string): Promise<readonly string[]> {
  const { env } = world;
  const person = await findPerson(env.db.read, userId);
  const client = { requestId: 'test', address: undefined, userAgent: undefined, deviceToken: undefined };
  const fresh = await drawRecoveryCodes(env, userId, client);
  assert(person && !('refused' in fresh));
  await env.db.transaction((tx) => issueRecoveryCodes(env, tx, { user: person.user, channel: 'api', client }, fresh));
  return fresh.codes;
}

/** Signs in on a browser, which is then known, and waits for the next code. */
export async function onKnownDevice(world: World, { email, secret }: Enrolled, address = '198.51.100.7') {
  const browser = world.person(address);
  assert.equal((await browser.signIn(email)).location, '/sign-in/one-time-code');
  assert.equal((await browser.post('/sign-in/one-time-code', { code: world.totp(secret) })).status, 303);
  world.clock.at += 30;
  return browser;
}

/** Deletes every cookie except the device cookie: the same browser on another day. */
export function closeSession(browser: Person): Person {
  for (const name of browser.cookies.keys()) if (/session|pending/.test(name)) browser.cookies.delete(name);
  return browser;
}

/** The password over the API, which is never a known device. */
export async function pendingToken(world: World, email: string, address?: string): Promise<string> {
  const { status, body } = await world.api(
    'POST',
    '/api/v1/sign-in',
    { email, password: PASSWORD },
    undefined,
    address,
  );
  assert.equal(status, 200, JSON.stringify(body));
  return String(body.pendingToken);
}

/** Tries one code from an unknown device, in a new pending sign-in unless one is given. */
export async function tryCode(world: World, person: Enrolled, code: string, token?: string): Promise<ApiAnswer> {
  const pending = token ?? (await pendingToken(world, person.email));
  return world.api('POST', '/api/v1/sign-in/one-time-code', { code }, pending);
}

/** Tries one recovery code from an unknown device, in a new pending sign-in unless one is given. */
export async function tryRecoveryCode(world: World, person: Enrolled, code: string, token?: string) {
  const pending = token ?? (await pendingToken(world, person.email));
  return world.api('POST', '/api/v1/sign-in/recovery-code', { code }, pending);
}

/** Sends this many wrong codes from unknown devices, each as early as allowed. Every one is compared. */
export async function failCodes(world: World, person: Enrolled, count: number): Promise<void> {
  let token: string | undefined;
  for (let failed = 0; failed < count; ) {
    token ??= await pendingToken(world, person.email);
    const answer = await tryCode(world, person, wrongCode(world, person.secret), token);
    if (answer.status === 422) failed += 1;
    // Its five attempts or its ten minutes are used up.
    else if (answer.status === 401 || answer.body.reason === 'sign_in_again') token = undefined;
    else world.clock.at += waitOf(answer);
  }
}

export function tryPassword(world: World, email: string, password: string, address?: string): Promise<ApiAnswer> {
  return world.api('POST', '/api/v1/sign-in', { email, password }, undefined, address);
}

/** Sends this many wrong passwords from unknown devices, each as early as allowed. */
export async function failPasswords(world: World, email: string, count: number): Promise<void> {
  for (let failed = 0; failed < count; ) {
    const answer = await tryPassword(world, email, 'not the password at all');
    if (answer.status === 401) failed += 1;
    else world.clock.at += waitOf(answer);
  }
}

/** The wait in a 429 answer, which the header must repeat. */
export function waitOf({ status, headers, body }: ApiAnswer): number {
  assert.equal(status, 429, JSON.stringify(body));
  const seconds = Number(body.retryAfterSeconds);
  assert.equal(headers.get('retry-after'), String(seconds));
  assert.ok(Number.isInteger(seconds) && seconds > 0, String(seconds));
  return seconds;
}

/** A code of no step near now, so it is neither accepted nor recognized as an old one. */
export function wrongCode(world: World, secret: string): string {
  const near = new Set(Array.from({ length: 45 }, (_, index) => world.totp(secret, index - 22)));
  for (let number = 123_456; ; number++) {
    const code = String(number % 1_000_000).padStart(6, '0');
    if (!near.has(code)) return code;
  }
}

/** Stores this many earlier failures, `everySeconds` apart, up to now: by the rule itself, not over HTTP. */
export async function haveFailed(world: World, { key, rule }: AttemptCounter, tries: number, everySeconds: number) {
  const { streak, ...counted } = stateAfter(rule, tries, everySeconds, world.clock.at);
  const state = JSON.stringify({ row: streak, ...counted });
  const row = { key, state, version: 1, expires_at: counted.expiresAt };
  await world.env.db.transaction((tx) =>
    tx
      .insertInto('attempts')
      .values(row)
      .onConflict((conflict) => conflict.column('key').doUpdateSet(row))
      .execute(),
  );
}

/** The rule refuses some of the attempts, and they change nothing. */
function stateAfter(rule: Rule, tries: number, everySeconds: number, now: number): Attempts {
  let state: Attempts | undefined;
  for (let left = tries; left > 0; left--) {
    const next = reserveTry(rule, state, now - left * everySeconds);
    if (!('refused' in next)) state = next;
  }
  assert(state);
  return state;
}

export async function authenticatorIdOf(world: World, userId: string): Promise<string> {
  const factors = await factorsOf(world.env.db.read, userId);
  assert(factors?.apps[0]);
  return factors.apps[0].id;
}

/** Removes the values that always differ: ids, tokens and the person's own email. */
export function masked(text: string, email: string): string {
  return text
    .replaceAll(email, 'EMAIL')
    .replaceAll(encodeURIComponent(email), 'EMAIL')
    .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replace(/[\w-]{43}/g, 'TOKEN')
    .replace(/TOKEN\.\.[\w-]{22}\.TOKEN/g, 'TOKEN');
}
