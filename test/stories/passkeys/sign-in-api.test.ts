import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { disableUser } from '#flows/administration/person-acts.ts';
import { ANA, openWithAna, openWithEnrolledAna, pendingToken } from '../../story.ts';
import { PASSWORD } from '../../world.ts';
import { requestOptionsOf, SIGN_IN, tokenByPasskey, tokenIn, usePasskey } from './passkey-api.ts';
import { addBen, openWithBoth, openWithPasskeyOnly } from './passkey-people.ts';
import { amrOf, phone, securityKey } from './passkey-story.ts';

const iso = (at: number) => new Date(at * 1000).toISOString().replace('.000Z', 'Z');

describe('a passkey over the API', () => {
  it('alone has exactly the shapes of the contract', async (t) => {
    const { world, ana, device } = await openWithBoth(t);
    const options = await requestOptionsOf(world, SIGN_IN);
    const { challenge, ...rest } = options;
    assert.match(challenge, /^[\w-]{43}$/);
    assert.deepEqual(rest, {
      rpId: 'sign-in.example.com',
      timeout: 300_000,
      allowCredentials: [],
      userVerification: 'required',
    });
    const now = world.clock.at;
    const { status, headers, body } = await world.api('POST', SIGN_IN, device.authenticate(options));
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(headers.get('set-cookie'), null);
    const { token } = body.session as { token: string };
    assert.deepEqual(body, { state: 'complete', session: { token, expiresAt: iso(now + 24 * 3600) } });
    const who = await world.api('GET', '/api/v1/session', undefined, token);
    assert.deepEqual([who.body.amr, who.body.acr], [['swk', 'user', 'mfa'], 'phr']);
    assert.equal((who.body.user as { id: string }).id, ana.id);
  });

  it('after the password takes the pending token, and names the passkeys of that person alone', async (t) => {
    const { world, device } = await openWithBoth(t, securityKey());
    await addBen(world, phone());
    const token = await pendingToken(world);
    const options = await requestOptionsOf(world, SIGN_IN, token);
    assert.deepEqual(options.allowCredentials, [
      { id: device.credentials[0]?.id, type: 'public-key', transports: ['usb'] },
    ]);
    assert.equal(options.userVerification, 'preferred');
    const signedIn = await world.api('POST', SIGN_IN, device.authenticate(options, { userVerified: false }), token);
    const session = tokenIn(signedIn);
    const who = await world.api('GET', '/api/v1/session', undefined, session);
    assert.deepEqual([who.body.amr, who.body.acr], [['pwd', 'hwk', 'mfa'], 'phr']);
    const again = await world.api('GET', '/api/v1/sign-in', undefined, token);
    assert.equal(again.status, 401, 'the pending sign-in is used up');
  });

  it('is among the methods, the one used last in front', async (t) => {
    const { world, secret, device } = await openWithBoth(t);
    const methods = async () =>
      (await world.api('POST', '/api/v1/sign-in', { email: ANA, password: PASSWORD })).body.methods;
    assert.deepEqual(await methods(), ['passkey', 'totp', 'recovery_code']);
    const token = await pendingToken(world);
    await world.api('POST', '/api/v1/sign-in/one-time-code', { code: world.totp(secret) }, token);
    assert.deepEqual(await methods(), ['totp', 'passkey', 'recovery_code']);
    world.clock.at += 30;
    await tokenByPasskey(world, device);
    assert.deepEqual(await methods(), ['passkey', 'totp', 'recovery_code']);
  });

  it('is the only method beside recovery codes for a person without an app', async (t) => {
    const { world } = await openWithPasskeyOnly(t);
    const { body } = await world.api('POST', '/api/v1/sign-in', { email: ANA, password: PASSWORD });
    assert.deepEqual(body.methods, ['passkey', 'recovery_code']);
    const code = await world.api(
      'POST',
      '/api/v1/sign-in/one-time-code',
      { code: '123456' },
      String(body.pendingToken),
    );
    assert.ok(code.status >= 400 && code.status < 500, `${code.status}`);
  });

  it('is no method of a person who has none', async (t) => {
    const { world } = await openWithEnrolledAna(t);
    const token = await pendingToken(world);
    const { status, body } = await world.api('POST', `${SIGN_IN}/options`, undefined, token);
    assert.deepEqual([status, body.code, body.reason], [403, 'forbidden', 'kind_not_allowed']);
  });

  it('takes the answer of a browser with fields that came later, and refuses what is malformed', async (t) => {
    const { world, device } = await openWithBoth(t);
    const good = async () => device.authenticate(await requestOptionsOf(world, SIGN_IN));
    const answer = { ...(await good()), authenticatorAttachment: 'platform', fieldOfTomorrow: 1 };
    assert.equal((await world.api('POST', SIGN_IN, answer)).status, 200);
    const base = await good();
    for (const body of [
      {},
      [],
      'text',
      { ...base, type: 'password' },
      { ...base, id: 'not base64url!' },
      { ...base, response: { ...base.response, signature: undefined } },
      { ...base, response: { ...base.response, clientDataJSON: 7 } },
    ]) {
      const refused = await world.api('POST', SIGN_IN, body);
      assert.deepEqual([refused.status, refused.body.code], [400, 'invalid_request'], JSON.stringify(body));
    }
    assert.equal((await world.api('POST', SIGN_IN, base)).status, 200, 'what is malformed spends nothing');
    assert.equal((await world.api('POST', `${SIGN_IN}/options`, { email: ANA })).status, 400, 'a call without a body');
  });

  it('accepts no other kind of token, and a bad one never counts as none', async (t) => {
    const { world, device, browser } = await openWithBoth(t);
    const session = await tokenByPasskey(world, device);
    const cookie = browser.cookies.get('__Host-sallyport-session') ?? '';
    for (const token of ['', 'junk', session, cookie, 'A'.repeat(43)]) {
      const asked = await world.api('POST', `${SIGN_IN}/options`, undefined, token);
      assert.deepEqual([asked.status, asked.body.code], [401, 'sign_in_expired'], token);
      assert.equal(asked.headers.get('www-authenticate')?.startsWith('Bearer'), true);
      const assertion = device.authenticate(await requestOptionsOf(world, SIGN_IN));
      assert.equal((await world.api('POST', SIGN_IN, assertion, token)).status, 401);
    }
  });

  it('keeps challenges of programs and browsers, of the two ways and of two sign-ins apart', async (t) => {
    const { world, device } = await openWithBoth(t);
    const [token, other] = [await pendingToken(world), await pendingToken(world)];
    const alone = device.authenticate(await requestOptionsOf(world, SIGN_IN));
    const pending = device.authenticate(await requestOptionsOf(world, SIGN_IN, token));
    const answers = [
      await world.api('POST', SIGN_IN, alone, token),
      await world.api('POST', SIGN_IN, pending),
      await world.api('POST', SIGN_IN, pending, other),
    ];
    for (const { status, body } of answers) assert.deepEqual([status, body.code], [422, 'challenge_expired']);
    assert.equal((await world.api('POST', SIGN_IN, pending, token)).status, 200);
    assert.equal((await world.api('POST', SIGN_IN, pending, token)).status, 401);
    assert.equal((await world.api('POST', SIGN_IN, alone)).status, 200);
    const again = await world.api('POST', SIGN_IN, alone);
    assert.deepEqual([again.status, again.body.code], [422, 'challenge_expired']);
  });
});

describe('nobody learns from a refusal', () => {
  it('whether a passkey is unknown, of a disabled person, or badly signed', async (t) => {
    const { world, ana, device } = await openWithBoth(t);
    const bens = phone();
    await addBen(world, bens);
    const wrong = await usePasskey(world, bens, { overrides: { signature: 'flipped-bit' } });
    const unknown = await usePasskey(world, bens, { overrides: { credentialId: 'A'.repeat(43) } });
    const outcome = await disableUser(world.env, { id: ana.id, actor: 'command_line', reason: 'left' });
    assert.ok(!('refused' in outcome));
    const disabled = await usePasskey(world, device);
    const shapes = [wrong, unknown, disabled].map(({ status, body }) => [status, { ...body, requestId: '' }]);
    assert.deepEqual(shapes[1], shapes[0]);
    assert.deepEqual(shapes[2], shapes[0]);
    assert.deepEqual([wrong.status, wrong.body.code], [422, 'passkey_refused']);
    const names = [wrong, unknown, disabled].map(({ headers }) => [...headers.keys()].sort());
    assert.deepEqual([names[1], names[2]], [names[0], names[0]]);
  });

  it('whether an email has a passkey: the options are the same for everybody', async (t) => {
    const { world } = await openWithAna(t);
    const { challenge, ...rest } = await requestOptionsOf(world, SIGN_IN);
    const { world: other } = await openWithBoth(t);
    const { challenge: otherOne, ...same } = await requestOptionsOf(other, SIGN_IN);
    assert.deepEqual(same, rest);
    assert.notEqual(challenge, otherOne);
  });
});

it('the amr of a synced key without verification is a password and swk', async (t) => {
  const { world, ana, device } = await openWithBoth(t);
  const token = await pendingToken(world);
  tokenIn(await usePasskey(world, device, { token, overrides: { userVerified: false } }));
  assert.equal(await amrOf(world, ana.id), 'pwd swk mfa');
  const alone = await usePasskey(world, device, { overrides: { userVerified: false } });
  assert.deepEqual([alone.status, alone.body.code], [422, 'passkey_refused']);
});
