import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkCounter } from '#core/authenticators/passkeys/passkey.ts';
import { creationOptions, requestOptions, userHandleOf } from '#core/authenticators/passkeys/webauthn.ts';
import { passkeyVerifier } from '#crypto/passkeys.ts';
import { readAssertion, readCreation } from '#wire/webauthn.ts';
import { createAuthenticator } from '../authenticator/create.ts';
import { HOSTILE_ASSERTIONS, HOSTILE_REGISTRATIONS } from '../authenticator/hostile.ts';

const { verifyAssertion, verifyCreation } = passkeyVerifier;
const RP = { id: 'login.example', origin: 'https://login.example', name: 'Partner Interface' };
const ANA = { id: '0190-ana', email: 'ana@acme.example', name: 'Ana' };
const CHALLENGE = Buffer.alloc(32, 1).toString('base64url');
const OPTIONS = creationOptions(RP, ANA, CHALLENGE, []);
const SETTINGS = { origin: RP.origin, rpId: RP.id, counter: 10 } as const;

async function created(settings: Partial<Parameters<typeof createAuthenticator>[0]> = {}) {
  const authenticator = createAuthenticator({ ...SETTINGS, ...settings });
  const passkey = await verifyCreation(RP, authenticator.register(OPTIONS), CHALLENGE, 'required');
  assert(!('fault' in passkey));
  return { authenticator, passkey };
}

for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
  test(`a passkey of ${algorithm} is created, and its signature is accepted`, async () => {
    const { authenticator, passkey } = await created({ algorithm });
    assert.equal(passkey.isSynced, false);
    const known = { id: passkey.credentialId, transports: [] };
    const assertion = authenticator.authenticate(requestOptions(RP, CHALLENGE, [known], 'required'));
    const proven = await verifyAssertion(RP, assertion, { userId: ANA.id, ...passkey }, EXPECTED);
    assert.deepEqual(proven, { counter: 11, isBackedUp: false, userVerified: true });
  });
}

const EXPECTED = { challenge: CHALLENGE, userVerification: 'required', needsHandle: true } as const;

for (const { what, overrides, tolerable, settings } of HOSTILE_REGISTRATIONS) {
  test(`a passkey is not created with ${what}`, async () => {
    const authenticator = createAuthenticator({ ...SETTINGS, ...settings });
    const creation = authenticator.register(OPTIONS, overrides);
    const sent = readCreation(JSON.stringify(creation));
    const outcome = sent && (await verifyCreation(RP, sent, CHALLENGE, 'required'));
    if (!tolerable) assert(!outcome || 'fault' in outcome, JSON.stringify(outcome));
  });
}

for (const { what, overrides, tolerable, settings } of HOSTILE_ASSERTIONS) {
  test(`a passkey is not accepted with ${what}`, async () => {
    const { authenticator, passkey } = await created(settings);
    const known = { id: passkey.credentialId, transports: [] };
    const assertion = authenticator.authenticate(requestOptions(RP, CHALLENGE, [known], 'required'), overrides);
    const stored = { userId: ANA.id, ...passkey };
    const sent = readAssertion(JSON.stringify(assertion));
    const outcome = sent && (await verifyAssertion(RP, sent, stored, EXPECTED));
    const isRefused = !outcome || 'fault' in outcome || checkCounter(stored, outcome.counter) === 'refused';
    if (!tolerable) assert(isRefused, JSON.stringify(outcome));
  });
}

test('the user handle names nobody, and is another one for each person', () => {
  assert.match(userHandleOf(ANA.id), /^[\w-]{43}$/);
  assert.notEqual(userHandleOf(ANA.id), userHandleOf('0190-ben'));
});
