import { createServer } from 'node:http';
import { test as base, expect, type Page } from '@playwright/test';
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type WebAuthnCredential,
} from '@simplewebauthn/server';
import type { AuthenticationResponseJSON } from '../../authenticator/ceremony.ts';
import { openVirtualAuthenticators, type VirtualAuthenticators } from '../virtual-authenticator.ts';

const ES256 = [-7];

/** A page of its own on localhost, whose browser has virtual authenticators alone. */
const test = base.extend<{ origin: string; devices: VirtualAuthenticators }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from the pattern
  origin: async ({}, use) => {
    const server = createServer((_, response) =>
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>Page</title>'),
    );
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    const address = server.address();
    await use(`http://localhost:${typeof address === 'object' ? address?.port : ''}`);
    server.closeAllConnections();
    server.close();
  },
  devices: async ({ page, origin }, use) => {
    await page.goto(origin);
    await use(await openVirtualAuthenticators(page));
  },
});

for (const transport of ['internal', 'usb'] as const) {
  test(`a device by ${transport} creates a passkey, signs with it and reports both`, async ({
    page,
    origin,
    devices,
  }) => {
    const device = await devices.add({ transport });
    const { id, transports, credential } = await enroll(page, origin);
    expect(transports).toEqual([transport]);
    expect(await signIn(page, origin, credential)).toMatchObject({ verified: true, userVerified: true });
    expect(device.events).toEqual([
      { kind: 'added', id },
      { kind: 'asserted', id },
    ]);
    const [held, ...others] = await device.credentials();
    expect(others).toEqual([]);
    expect(held).toMatchObject({ rpId: 'localhost', isResidentCredential: true });
    expect(Buffer.from(held?.credentialId ?? '', 'base64').toString('base64url')).toBe(id);
  });
}

test('a device without user verification, or whose person fails it, is no passkey', async ({
  page,
  origin,
  devices,
}) => {
  const key = await devices.add({ transport: 'usb', hasUserVerification: false });
  await expect(enroll(page, origin)).rejects.toThrow(/NotAllowedError/);
  await key.remove();
  const phone = await devices.add();
  const { credential } = await enroll(page, origin);
  await phone.setUserVerified(false);
  await expect(signIn(page, origin, credential)).rejects.toThrow(/NotAllowedError/);
  await phone.setUserVerified(true);
  expect(await signIn(page, origin, credential)).toMatchObject({ verified: true });
});

test('a credential removed on the device is gone for the page', async ({ page, origin, devices }) => {
  const device = await devices.add();
  const { id, credential } = await enroll(page, origin);
  await device.removeCredential(id);
  expect(await device.credentials()).toEqual([]);
  await expect(signIn(page, origin, credential)).rejects.toThrow(/NotAllowedError/);
});

test('the flags of backup are those of the device, and may change later', async ({ page, origin, devices }) => {
  const device = await devices.add({ backupEligible: true, backupState: true });
  const { id, credential } = await enroll(page, origin);
  const synced = { credentialDeviceType: 'multiDevice', credentialBackedUp: true };
  expect(await signIn(page, origin, credential)).toMatchObject(synced);
  await device.setBackup(id, { backupState: false });
  expect(await signIn(page, origin, credential)).toMatchObject({ ...synced, credentialBackedUp: false });
  await device.setBackup(id, { backupEligibility: false });
  expect(await signIn(page, origin, credential)).toMatchObject({ credentialDeviceType: 'singleDevice' });
});

test('a device may sign wrongly, or leave out the flags', async ({ page, origin, devices }) => {
  const device = await devices.add();
  const { credential } = await enroll(page, origin);
  await device.setFaults({ isBogusSignature: true });
  await expect(signIn(page, origin, credential)).rejects.toThrow(/Zero buffer length/);
  await device.setFaults({ isBadUV: true });
  await expect(signIn(page, origin, credential)).rejects.toThrow(/User verification required/);
  await device.setFaults({ isBadUP: true });
  await expect(signIn(page, origin, credential)).rejects.toThrow(/User not present/);
  await device.setFaults({});
  expect(await signIn(page, origin, credential)).toMatchObject({ verified: true });
});

test('a signal of the page deletes an unknown credential and renames an account', async ({ page, origin, devices }) => {
  const device = await devices.add();
  const { id, userId } = await enroll(page, origin);
  const rp = { rpId: 'localhost' };
  await run(
    page,
    `PublicKeyCredential.signalCurrentUserDetails(${json({ ...rp, userId, name: 'bo', displayName: 'Bo' })})`,
  );
  await expect.poll(async () => (await device.credentials())[0]?.userName).toBe('bo');
  await run(
    page,
    `PublicKeyCredential.signalAllAcceptedCredentials(${json({ ...rp, userId, allAcceptedCredentialIds: [id] })})`,
  );
  expect(await device.credentials()).toHaveLength(1);
  await run(page, `PublicKeyCredential.signalUnknownCredential(${json({ ...rp, credentialId: id })})`);
  await expect.poll(() => device.credentials()).toEqual([]);
  expect(device.events.map(({ kind }) => kind)).toEqual(['added', 'updated', 'deleted']);
});

test('a device that nobody touches keeps the page waiting, until the page gives up', async ({
  page,
  origin,
  devices,
}) => {
  const device = await devices.add();
  const { credential } = await enroll(page, origin);
  await device.setTouched(false);
  const waiting = expect(signIn(page, origin, credential)).rejects.toThrow(/AbortError/);
  await expect(page).toHaveTitle('Waiting');
  await run(page, 'leave.abort()');
  await waiting;
  await device.setTouched(true);
  expect(await signIn(page, origin, credential)).toMatchObject({ verified: true });
  expect(device.events.map(({ kind }) => kind)).toEqual(['added', 'asserted']);
});

test('the field of the email offers a passkey, without a click', async ({ page, origin, devices }) => {
  await devices.add();
  const { credential } = await enroll(page, origin);
  expect(await signIn(page, origin, credential, 'conditional')).toMatchObject({ verified: true });
});

async function enroll(page: Page, origin: string) {
  const options = await generateRegistrationOptions({
    rpName: 'Sallyport',
    rpID: 'localhost',
    userName: 'ana',
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    supportedAlgorithmIDs: ES256,
  });
  const publicKey = `PublicKeyCredential.parseCreationOptionsFromJSON(${json(options)})`;
  const response = (await ceremony(page, `create({ publicKey: ${publicKey} })`)) as RegistrationResponseJSON;
  const expected = { expectedChallenge: options.challenge, expectedOrigin: origin, expectedRPID: 'localhost' };
  const { registrationInfo } = await verifyRegistrationResponse({
    response,
    supportedAlgorithmIDs: ES256,
    ...expected,
  });
  if (registrationInfo === undefined) throw new Error('the registration is not verified');
  const { credential } = registrationInfo;
  return { id: credential.id, userId: options.user.id, transports: response.response.transports, credential };
}

async function signIn(page: Page, origin: string, known: WebAuthnCredential, mediation = 'optional') {
  const options = await generateAuthenticationOptions({ rpID: 'localhost', userVerification: 'required' });
  const publicKey = `PublicKeyCredential.parseRequestOptionsFromJSON(${json(options)})`;
  const call = `get({ mediation: ${json(mediation)}, publicKey: ${publicKey}, signal: leave.signal })`;
  const response = (await ceremony(page, call)) as AuthenticationResponseJSON;
  const expected = { expectedChallenge: options.challenge, expectedOrigin: origin, expectedRPID: 'localhost' };
  // The counter rises with each sign-in, and these tests keep no record of it.
  const credential = { ...known, counter: 0 };
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({ response, credential, ...expected });
  return { verified, ...authenticationInfo };
}

function ceremony(page: Page, call: string): Promise<unknown> {
  const begin = 'document.title = "Waiting"; globalThis.leave = new AbortController()';
  const end = '.then((credential) => credential.toJSON()).finally(() => { document.title = "Page"; })';
  return run(page, `${begin}; navigator.credentials.${call}${end}`);
}

/** As text, because the tests are compiled without the types of a page. */
function run(page: Page, script: string): Promise<unknown> {
  return page.evaluate(script);
}

function json(value: unknown): string {
  return JSON.stringify(value);
}
