import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type WebAuthnCredential,
} from '@simplewebauthn/server';
import type {
  AuthenticationResponseJSON,
  AuthenticatorSettings,
  RegistrationOverrides,
  RegistrationResponseJSON,
} from './ceremony.ts';
import { type Authenticator, createAuthenticator } from './create.ts';
import { HOSTILE_ASSERTIONS, HOSTILE_REGISTRATIONS } from './hostile.ts';

const ORIGIN = 'https://login.example';
const RP_ID = 'login.example';
/** Named, because the library's own list has a post-quantum one too, with a warning of Node's on standard error. */
const ALGORITHMS = [-8, -7, -257];
const EXPECTED = { expectedOrigin: ORIGIN, expectedRPID: RP_ID };

describe('the library accepts what an honest authenticator sends', () => {
  for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
    test(`with ${algorithm}`, async () => {
      const { authenticator, credential } = await enrolled({ algorithm });
      const answer = await asserted(authenticator, credential);
      assert.deepEqual([answer.verified, answer.authenticationInfo.newCounter], [true, 11]);
    });
  }

  test('synced: eligible for backup, backed up, and the counter stays 0', async () => {
    const synced = await enrolled({ backupEligible: true, backupState: true });
    const { authenticationInfo } = await asserted(synced.authenticator, synced.credential);
    const { credentialDeviceType, credentialBackedUp, newCounter } = authenticationInfo;
    assert.deepEqual([credentialDeviceType, credentialBackedUp, newCounter], ['multiDevice', true, 0]);
  });

  test('with its AAGUID and the longest id', async () => {
    const aaguid = 'ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4';
    const { registrationInfo } = await enrolled({ aaguid }, { credentialId: randomBytes(1023) });
    assert.equal(registrationInfo.aaguid, aaguid);
    assert.equal(Buffer.from(registrationInfo.credential.id, 'base64url').length, 1023);
  });

  test('without user verification, where that is only preferred', async () => {
    const { authenticator, credential } = await enrolled({});
    authenticator.device.userVerification = false;
    const options = await generateAuthenticationOptions({ rpID: RP_ID, userVerification: 'preferred' });
    const response = authenticator.authenticate(options);
    const checked = { ...EXPECTED, response, expectedChallenge: options.challenge, credential };
    const answer = await verifyAuthenticationResponse({ ...checked, requireUserVerification: false });
    assert.deepEqual([answer.verified, answer.authenticationInfo.userVerified], [true, false]);
    await assert.rejects(verifyAuthenticationResponse(checked), /could not be verified/);
  });
});

describe('a hostile registration', () => {
  for (const { what, overrides, settings = {}, library } of HOSTILE_REGISTRATIONS) {
    test(`${what}: the library ${library}`, async () => {
      assert.equal(await outcome(enrolled(settings, overrides)), library);
    });
  }
});

describe('a hostile assertion', () => {
  for (const { what, overrides, settings = {}, library } of HOSTILE_ASSERTIONS) {
    test(`${what}: the library ${library}`, async () => {
      const { authenticator, credential } = await enrolled(settings);
      const options = await generateAuthenticationOptions({ rpID: RP_ID, userVerification: 'required' });
      const response = authenticator.authenticate(options, overrides);
      assert.equal(await outcome(checked(response, options.challenge, credential)), library);
    });
  }
});

/** Where the library leaves the choice to its caller. */
describe('a caller of the library decides', () => {
  test('about a counter that goes back, by naming 0 as the counter that it knows', async () => {
    const { authenticator, credential } = await enrolled({});
    const options = await generateAuthenticationOptions({ rpID: RP_ID, userVerification: 'required' });
    const response = authenticator.authenticate(options, { counter: 3 });
    const answer = await checked(response, options.challenge, { ...credential, counter: 0 });
    assert.deepEqual([answer.verified, answer.authenticationInfo.newCounter], [true, 3]);
  });

  test('about the credential, because the id in the response is not compared with it', async () => {
    const [one, other] = [await enrolled({}), await enrolled({})];
    const options = await generateAuthenticationOptions({ rpID: RP_ID });
    const response = one.authenticator.authenticate(options, { credentialId: other.credential.id });
    assert.equal((await checked(response, options.challenge, one.credential)).verified, true);
    assert.equal((await checked(response, options.challenge, other.credential)).verified, false);
  });
});

async function enrolled(settings: Partial<AuthenticatorSettings>, overrides?: RegistrationOverrides) {
  const authenticator = createAuthenticator({ origin: ORIGIN, counter: 10, ...settings });
  const options = await generateRegistrationOptions({
    rpName: 'Sallyport',
    rpID: RP_ID,
    userName: 'ana.silva@acme.example',
    supportedAlgorithmIDs: ALGORITHMS,
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  });
  const response: RegistrationResponseJSON = authenticator.register(options, overrides);
  const expectedChallenge = options.challenge;
  const checked = { ...EXPECTED, response, expectedChallenge, supportedAlgorithmIDs: ALGORITHMS };
  const { verified, registrationInfo } = await verifyRegistrationResponse(checked);
  assert.ok(verified);
  return { verified, authenticator, registrationInfo, credential: registrationInfo.credential };
}

async function asserted(authenticator: Authenticator, credential: WebAuthnCredential) {
  const options = await generateAuthenticationOptions({ rpID: RP_ID, userVerification: 'required' });
  return checked(authenticator.authenticate(options), options.challenge, credential);
}

function checked(response: AuthenticationResponseJSON, expectedChallenge: string, credential: WebAuthnCredential) {
  return verifyAuthenticationResponse({ ...EXPECTED, response, expectedChallenge, credential });
}

async function outcome(answer: Promise<{ readonly verified: boolean }>): Promise<'refuses' | 'accepts'> {
  return answer.then(
    ({ verified }) => (verified ? 'accepts' : 'refuses'),
    () => 'refuses',
  );
}
