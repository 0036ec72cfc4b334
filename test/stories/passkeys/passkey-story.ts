import assert from 'node:assert/strict';
import type { CreationOptions, RequestOptions } from '#core/authenticators/passkeys/webauthn.ts';
import type {
  AuthenticationOverrides,
  AuthenticatorSettings,
  RegistrationOverrides,
} from '../../authenticator/ceremony.ts';
import { type Authenticator, createAuthenticator } from '../../authenticator/create.ts';
import { ORIGIN, type Person, type World } from '../../world.ts';

export const RP_ID = 'sign-in.example.com';

/** A phone with a fingerprint reader: its passkeys are synced, and their counters stay 0. */
export function phone(settings: Partial<AuthenticatorSettings> = {}): Authenticator {
  const synced = { backupEligible: true, backupState: true, counter: false } as const;
  return createAuthenticator({ origin: ORIGIN, rpId: RP_ID, ...synced, ...settings });
}

/** A security key: its passkeys stay on it, and it counts. */
export function securityKey(settings: Partial<AuthenticatorSettings> = {}): Authenticator {
  return createAuthenticator({ origin: ORIGIN, rpId: RP_ID, attachment: 'cross-platform', counter: 1, ...settings });
}

/** What the script of a page does: asks for options with the form of `page` whose action is `path`. */
export async function optionsFrom(
  browser: Person,
  page: string,
  path: string,
  fields: Readonly<Record<string, string>> = {},
) {
  const { text } = await browser.get(page);
  assert(text.includes(`data-options="${path}"`), `${page} asks for ${path}`);
  const answer = await sendForm(browser, text, path, fields);
  assert.equal(answer.status, 200, answer.text);
  return JSON.parse(answer.text) as CreationOptions & RequestOptions;
}

export function sendForm(browser: Person, page: string, path: string, fields: Readonly<Record<string, string>>) {
  const token = /name="form_token" value="([^"]+)"/.exec(page)?.[1] ?? '';
  const body = new URLSearchParams({ form_token: token, ...fields });
  return browser.send(path, { method: 'POST', body, headers: { origin: ORIGIN } });
}

type Create = { readonly name?: string; readonly overrides?: RegistrationOverrides };

/** Creates a passkey on a page of the security settings. */
export async function addPasskey(browser: Person, device: Authenticator, { name = '', overrides = {} }: Create = {}) {
  const page = '/security/authenticators/passkey';
  const options = await optionsFrom(browser, page, `${page}/options`, { name });
  const credential = JSON.stringify(device.register(options, overrides));
  return sendForm(browser, (await browser.get(page)).text, page, { name, credential });
}

/** Creates a passkey at the set-up page of a sign-in. */
export async function enrollPasskey(browser: Person, device: Authenticator, overrides: RegistrationOverrides = {}) {
  const options = await optionsFrom(browser, '/enroll/passkey', '/enroll/passkey/options');
  const credential = JSON.stringify(device.register(options, overrides));
  return sendForm(browser, (await browser.get('/enroll/passkey')).text, '/enroll/passkey', { credential });
}

/** Uses a passkey after the password. */
export async function givePasskey(browser: Person, device: Authenticator, overrides: AuthenticationOverrides = {}) {
  const options = await optionsFrom(browser, '/sign-in/passkey', '/sign-in/passkey/options');
  const credential = JSON.stringify(device.authenticate(options, overrides));
  return sendForm(browser, (await browser.get('/sign-in/passkey')).text, '/sign-in/passkey', { credential });
}

/** Uses a passkey instead of email and password. */
export async function signInAlone(browser: Person, device: Authenticator, overrides: AuthenticationOverrides = {}) {
  const path = '/sign-in/passkey/alone';
  const options = await optionsFrom(browser, '/sign-in', `${path}/options`);
  const credential = JSON.stringify(device.authenticate(options, overrides));
  return sendForm(browser, (await browser.get('/sign-in')).text, path, { credential });
}

/** Proves a passkey again in a session. */
export async function stepUpWith(browser: Person, device: Authenticator, overrides: AuthenticationOverrides = {}) {
  const options = await optionsFrom(browser, '/step-up/passkey', '/step-up/passkey/options');
  const credential = JSON.stringify(device.authenticate(options, overrides));
  return sendForm(browser, (await browser.get('/step-up/passkey')).text, '/step-up/passkey', { credential });
}

export async function passkeysOf(world: World, userId: string) {
  return world.env.db.read.selectFrom('passkeys').selectAll().where('user_id', '=', userId).orderBy('id').execute();
}

/** How the newest session of a person was proven. */
export async function amrOf(world: World, userId: string): Promise<string | undefined> {
  const sessions = world.env.db.read.selectFrom('sessions').select('amr').where('user_id', '=', userId);
  return (await sessions.orderBy('created_at', 'desc').orderBy('id', 'desc').executeTakeFirst())?.amr;
}
