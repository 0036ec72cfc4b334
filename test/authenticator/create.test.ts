import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AuthenticatorSettings, CreationOptions, RequestOptions } from './ceremony.ts';
import { createAuthenticator } from './create.ts';

const ORIGIN = 'https://login.example';
const CHALLENGE = Buffer.alloc(32, 1).toString('base64url');
const REQUEST: RequestOptions = { challenge: CHALLENGE, rpId: 'login.example' };

describe('an authenticator creates a credential', () => {
  test('unless it has one that the options exclude', () => {
    const device = create();
    const { id } = device.register(creation());
    const excludeCredentials = [{ id, type: 'public-key' }];
    assert.throws(() => device.register({ ...creation(), excludeCredentials }), { name: 'InvalidStateError' });
    assert.ok(create().register({ ...creation(), excludeCredentials }));
    device.device.origin = 'https://other.example';
    assert.ok(device.register({ ...creation(), rp: { name: '' }, excludeCredentials }));
    device.device.origin = ORIGIN;
    assert.ok(device.register({ ...creation(), excludeCredentials }, { ignoresOptions: true }));
  });

  test('with an algorithm that the options name', () => {
    const pubKeyCredParams = [{ type: 'public-key', alg: -8 }];
    assert.throws(() => create().register({ ...creation(), pubKeyCredParams }), { name: 'NotSupportedError' });
    const { response } = create({ algorithm: 'EdDSA' }).register({ ...creation(), pubKeyCredParams });
    assert.equal(response.publicKeyAlgorithm, -8);
  });

  test('of the kind that the options select', () => {
    const wish = (authenticatorAttachment: string) => creation({ authenticatorAttachment });
    assert.throws(() => create().register(wish('cross-platform')), { name: 'NotAllowedError' });
    const { authenticatorAttachment, response } = create({ attachment: 'cross-platform' }).register(
      wish('cross-platform'),
    );
    assert.deepEqual([authenticatorAttachment, response.transports], ['cross-platform', ['usb']]);
  });

  test('that is discoverable where that is asked for and possible', () => {
    const rk = (device: ReturnType<typeof create>, residentKey: string) =>
      device.register({ ...creation({ residentKey }), extensions: { credProps: true } }).clientExtensionResults
        .credProps?.rk;
    const without = () => create({ residentKey: false });
    assert.deepEqual(
      [rk(create(), 'required'), rk(create(), 'preferred'), rk(create(), 'discouraged')],
      [true, true, false],
    );
    assert.deepEqual([rk(without(), 'preferred'), rk(without(), 'discouraged')], [false, false]);
    assert.throws(() => rk(without(), 'required'), { name: 'NotAllowedError' });
  });

  test('in the place of an older one of the same account', () => {
    const device = create();
    const [, second] = [device.register(creation()), device.register(creation())];
    assert.deepEqual(
      device.credentials.map(({ id }) => id),
      [second.id],
    );
    device.register({ ...creation(), user: { id: 'bm9ib2R5', name: 'bo', displayName: 'Bo' } });
    assert.equal(device.credentials.length, 2);
  });
});

describe('an authenticator signs', () => {
  test('with the newest credential of the RP ID, and says whose it is', () => {
    const device = create();
    device.register(creation());
    const newest = device.register({ ...creation(), user: { id: 'bm9ib2R5', name: 'bo', displayName: 'Bo' } });
    const answer = device.authenticate(REQUEST);
    assert.deepEqual([answer.id, answer.response.userHandle], [newest.id, 'bm9ib2R5']);
  });

  test('with one that the options allow', () => {
    const device = create();
    const first = device.register(creation({ residentKey: 'discouraged' }));
    device.register(creation());
    const allow = (id: string) => ({ ...REQUEST, allowCredentials: [{ id, type: 'public-key' }] });
    const answer = device.authenticate(allow(first.id));
    assert.deepEqual([answer.id, answer.response.userHandle], [first.id, undefined]);
    assert.throws(() => device.authenticate(allow(CHALLENGE)), { name: 'NotAllowedError' });
    assert.ok(device.authenticate(allow(CHALLENGE), { ignoresOptions: true }));
  });

  test('not with a credential that is gone, not discoverable or of another RP ID', () => {
    const device = create();
    const { id } = device.register(creation({ residentKey: 'discouraged' }));
    assert.throws(() => device.authenticate(REQUEST), { name: 'NotAllowedError' });
    const allowed = { ...REQUEST, allowCredentials: [{ id, type: 'public-key' }] };
    device.device.origin = 'https://other.example';
    assert.throws(() => device.authenticate({ ...allowed, rpId: 'other.example' }), { name: 'NotAllowedError' });
    device.device.origin = ORIGIN;
    device.remove(id);
    assert.throws(() => device.authenticate(allowed), { name: 'NotAllowedError' });
  });

  test('with a counter that rises by one, or stays 0 where it is synced or has none', () => {
    assert.deepEqual(counters({ counter: 7 }), [7, 8, 9]);
    assert.deepEqual(counters({}), [0, 1, 2]);
    assert.deepEqual(counters({ counter: false }), [0, 0, 0]);
    assert.deepEqual(counters({ counter: 7, backupEligible: true }), [0, 0, 0]);
  });
});

describe('a browser', () => {
  const faults = [
    ['a page of another site', 'https://evil.example', 'login.example'],
    ['a name that only ends alike', 'https://mylogin.example', 'login.example'],
    ['a top-level domain', ORIGIN, 'example'],
    ['an address', 'https://192.0.2.1', '192.0.2.1'],
    ['a page without TLS', 'http://login.example', 'login.example'],
  ] as const;
  for (const [what, origin, id] of faults) {
    test(`refuses the RP ID of ${what}`, () => {
      const device = create({ origin });
      assert.throws(() => device.register({ ...creation(), rp: { id, name: '' } }), { name: 'SecurityError' });
      assert.throws(() => device.authenticate({ ...REQUEST, rpId: id }), { name: 'SecurityError' });
    });
  }

  test('takes the host of the page, a domain above it, and localhost', () => {
    for (const origin of ['https://login.example', 'https://a.login.example:8443']) {
      const device = create({ origin });
      assert.ok(device.register(creation()) && device.authenticate(REQUEST));
    }
    const local = create({ origin: 'http://localhost:8080' });
    assert.ok(local.register({ ...creation(), rp: { name: '' } }));
    assert.ok(local.authenticate({ challenge: CHALLENGE }));
  });
});

test('the user is verified where that is required or preferred and possible', () => {
  const flags = (settings: Partial<AuthenticatorSettings>, userVerification: string) => {
    const { response } = create(settings).register(creation({ userVerification }));
    return Buffer.from(response.authenticatorData, 'base64url').readUInt8(32);
  };
  const [present, verified, attested] = [0x01, 0x04, 0x40];
  assert.equal(flags({}, 'required'), present | verified | attested);
  assert.equal(flags({}, 'preferred'), present | verified | attested);
  assert.equal(flags({}, 'discouraged'), present | attested);
  assert.equal(flags({ userVerification: false }, 'preferred'), present | attested);
  assert.throws(() => flags({ userVerification: false }, 'required'), { name: 'NotAllowedError' });
  const device = create();
  device.register(creation());
  device.device.userVerification = false;
  assert.throws(() => device.authenticate({ ...REQUEST, userVerification: 'required' }), { name: 'NotAllowedError' });
});

function create(settings: Partial<AuthenticatorSettings> = {}) {
  return createAuthenticator({ origin: ORIGIN, ...settings });
}

function creation(selection: NonNullable<CreationOptions['authenticatorSelection']> = {}): CreationOptions {
  return {
    rp: { id: 'login.example', name: 'Sallyport' },
    user: { id: 'YW5h', name: 'ana', displayName: 'Ana' },
    challenge: CHALLENGE,
    pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
    authenticatorSelection: { residentKey: 'required', ...selection },
  };
}

function counters(settings: Partial<AuthenticatorSettings>): number[] {
  const device = create(settings);
  const registered = device.register(creation()).response;
  const signed = [0, 1].map(() => device.authenticate(REQUEST).response);
  return [registered, ...signed].map((one) => Buffer.from(one.authenticatorData, 'base64url').readUInt32BE(33));
}
