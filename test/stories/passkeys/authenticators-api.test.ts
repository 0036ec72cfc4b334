import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { MAX_AUTHENTICATORS } from '#core/authenticators/factors.ts';
import type { CreationOptions } from '#core/authenticators/passkeys/webauthn.ts';
import { ANA, openWithAna, pendingToken, wrongCode } from '../../story.ts';
import { PASSWORD } from '../../world.ts';
import {
  AUTHENTICATORS,
  addOverApi,
  requestOptionsOf,
  STEP_UP,
  tokenByPasskey,
  tokenIn,
  usePasskey,
} from './passkey-api.ts';
import { addBen, openWithBoth, openWithPasskeyOnly, sessionsOf } from './passkey-people.ts';
import { passkeysOf, phone, RP_ID, securityKey } from './passkey-story.ts';

async function openWithProgram(
  t: TestContext,
  ...setting: Parameters<typeof openWithBoth> extends [unknown, ...infer R] ? R : never
) {
  const story = await openWithBoth(t, ...setting);
  const token = await tokenByPasskey(story.world, story.device);
  const call = (method: string, path: string, body?: object) =>
    story.world.api(method, AUTHENTICATORS + path, body, token);
  return { ...story, token, call };
}

type Listed = { id: string; kind: string; name: string | null; synced?: boolean };

describe('passkeys among the authenticators over the API', () => {
  it('are listed with whether they are synced, and nothing of the key', async (t) => {
    const { world, ana, call } = await openWithProgram(t);
    const { body } = await call('GET', '');
    const [app, passkey] = body.authenticators as Listed[];
    assert.deepEqual(Object.keys(app ?? {}), ['id', 'kind', 'name', 'createdAt', 'lastUsedAt']);
    assert.deepEqual(Object.keys(passkey ?? {}), ['id', 'kind', 'name', 'createdAt', 'lastUsedAt', 'synced']);
    assert.deepEqual([passkey?.kind, passkey?.name, passkey?.synced], ['passkey', 'Phone', true]);
    const [stored] = await passkeysOf(world, ana.id);
    assert.ok(!JSON.stringify(body).includes(String(stored?.credential_id)));
  });

  it('are added with the options of WebAuthn and its answer, and the program keeps its token', async (t) => {
    const { world, ana, browser, device, token, call } = await openWithProgram(t);
    const now = world.clock.at;
    const { status, body } = await call('POST', '', { kind: 'passkey', name: ' Blue  key ' });
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body), ['id', 'kind', 'expiresAt', 'options']);
    assert.equal(body.expiresAt, new Date((now + 300) * 1000).toISOString().replace('.000Z', 'Z'));
    const options = body.options as CreationOptions;
    assert.deepEqual(options.rp, { id: RP_ID, name: 'Partner Interface' });
    assert.deepEqual([options.user.name, options.user.displayName], [ANA, 'Ana Silva']);
    assert.ok(!JSON.stringify(options.user).includes(ana.id), 'the handle does not name the person');
    assert.deepEqual(
      options.excludeCredentials.map(({ id }) => id),
      [device.credentials[0]?.id],
    );
    assert.deepEqual([options.attestation, options.authenticatorSelection.residentKey], ['none', 'required']);
    const answer = securityKey().register(options);
    assert.equal((await call('POST', '/another/confirm', answer)).body.code, 'challenge_expired');
    const confirmed = await call('POST', `/${body.id}/confirm`, answer);
    assert.equal(confirmed.status, 200, JSON.stringify(confirmed.body));
    const { id, kind, name, synced } = confirmed.body.authenticator as Listed;
    assert.deepEqual([id, kind, name, synced], [body.id, 'passkey', 'Blue key', false]);
    assert.equal(confirmed.body.recoveryCodes, undefined);
    assert.match((await browser.get('/security')).location ?? '', /^\/sign-in/, 'other sessions end');
    assert.equal((await world.api('GET', '/api/v1/session', undefined, token)).status, 200);
  });

  it('are refused as a bad answer, and each answer works once', async (t) => {
    const { world, ana, token, call } = await openWithProgram(t);
    const refused = await addOverApi(world, token, { device: phone(), overrides: { origin: 'https://evil.example' } });
    assert.deepEqual([refused.status, refused.body.code], [422, 'passkey_refused']);
    const { body } = await call('POST', '', { kind: 'passkey' });
    const answer = phone().register(body.options as CreationOptions);
    assert.equal((await call('POST', `/${body.id}/confirm`, answer)).status, 200);
    const again = await call('POST', `/${body.id}/confirm`, answer);
    assert.deepEqual([again.status, again.body.code], [422, 'challenge_expired']);
    assert.equal((await passkeysOf(world, ana.id)).length, 2);
    const late = await call('POST', '', { kind: 'passkey' });
    world.clock.at += 299;
    await world.env.db.transaction((tx) => tx.updateTable('sessions').set({ step_up_at: world.clock.at }).execute());
    world.clock.at += 1;
    const over = await call('POST', `/${late.body.id}/confirm`, phone().register(late.body.options as CreationOptions));
    assert.deepEqual([over.status, over.body.code], [422, 'challenge_expired']);
  });

  it('are ten of all kinds at most', async (t) => {
    const { world, token, call } = await openWithProgram(t);
    for (let number = 3; number <= MAX_AUTHENTICATORS; number++) {
      assert.equal((await addOverApi(world, token, { device: phone(), name: `${number}` })).status, 200, `${number}`);
      world.clock.at += 20;
    }
    for (const kind of ['passkey', 'totp']) {
      const full = await call('POST', '', { kind });
      assert.deepEqual([full.status, full.body.code, full.body.reason], [403, 'forbidden', 'most_authenticators']);
    }
  });

  it('take strict bodies', async (t) => {
    const { call } = await openWithProgram(t);
    for (const body of [{}, { kind: 'sms' }, { kind: 'passkey', more: 1 }, { kind: 'passkey', name: 'two\nlines' }]) {
      const refused = await call('POST', '', body);
      assert.deepEqual([refused.status, refused.body.code], [400, 'invalid_request'], JSON.stringify(body));
    }
    const { body } = await call('POST', '', { kind: 'passkey' });
    for (const answer of [{}, { id: 'x' }, { code: 12 }]) {
      assert.equal((await call('POST', `/${body.id}/confirm`, answer)).status, 400, JSON.stringify(answer));
    }
  });

  it('are renamed and removed, the last authenticator only where the policy lets the person decide', async (t) => {
    for (const [policy, status] of [
      ['required', 403],
      ['optional', 204],
    ] as const) {
      const { world, ana, device } = await openWithPasskeyOnly(t, phone(), { policy });
      const token = await tokenByPasskey(world, device);
      const [passkey] = await passkeysOf(world, ana.id);
      const path = `${AUTHENTICATORS}/${passkey?.id}`;
      const renamed = await world.api('PATCH', path, { name: 'Old phone' }, token);
      assert.deepEqual([renamed.status, renamed.body.name, renamed.body.synced], [200, 'Old phone', true]);
      assert.equal((await world.api('DELETE', path, undefined, token)).status, status);
      const { body } = await world.api('GET', AUTHENTICATORS, undefined, token);
      assert.equal(body.recoveryCodes === null, policy === 'optional');
      assert.equal((body.authenticators as Listed[]).length, policy === 'optional' ? 0 : 1);
    }
  });

  it('of somebody else are not there', async (t) => {
    const { world, call } = await openWithProgram(t);
    const { ben } = await addBen(world, phone());
    const [passkey] = await passkeysOf(world, ben.id);
    assert.equal((await call('PATCH', `/${passkey?.id}`, { name: 'Mine' })).status, 404);
    assert.equal((await call('DELETE', `/${passkey?.id}`)).status, 404);
    assert.equal((await passkeysOf(world, ben.id)).length, 1);
  });
});

describe('a step-up over the API', () => {
  it('is each of the methods that the person has, for five minutes, and the token stays', async (t) => {
    const { world, secret, codes, device, token, call } = await openWithProgram(t);
    const proofs: (() => Promise<{ status: number; body: Record<string, unknown> }>)[] = [
      () => world.api('POST', '/api/v1/step-up/one-time-code', { code: world.totp(secret) }, token),
      () => world.api('POST', '/api/v1/step-up/recovery-code', { code: codes[0] }, token),
      () => usePasskey(world, device, { path: STEP_UP, token }),
    ];
    for (const prove of proofs) {
      world.clock.at += 300;
      assert.equal((await call('POST', '', { kind: 'passkey' })).body.code, 'step_up_required');
      const { status, body } = await prove();
      const until = new Date((world.clock.at + 300) * 1000).toISOString().replace('.000Z', 'Z');
      assert.deepEqual([status, body], [200, { expiresAt: until }]);
      assert.equal((await call('POST', '', { kind: 'passkey' })).status, 200);
    }
    const { body } = await world.api('GET', '/api/v1/session', undefined, token);
    assert.deepEqual([body.amr, body.acr], [['otp', 'swk', 'user', 'mfa'], 'phr']);
  });

  it('of a password is for a person without an authenticator alone', async (t) => {
    const { world } = await openWithAna(t, { policy: 'off' });
    const token = tokenIn(await world.api('POST', '/api/v1/sign-in', { email: ANA, password: PASSWORD }));
    world.clock.at += 300;
    const path = '/api/v1/step-up/password';
    const wrong = await world.api('POST', path, { password: 'wrong horse battery 1' }, token);
    assert.deepEqual([wrong.status, wrong.body.code], [401, 'invalid_credentials']);
    assert.equal((await world.api('POST', path, { password: PASSWORD }, token)).status, 200);
    const { token: other, world: second } = await openWithProgram(t);
    const refused = await second.api('POST', path, { password: PASSWORD }, other);
    assert.deepEqual([refused.status, refused.body.code], [403, 'step_up_required']);
  });

  it('takes no pending token and no token at all, and its challenge is of this session', async (t) => {
    const { world, ana, secret, device, token } = await openWithProgram(t);
    const pending = await pendingToken(world);
    const bodies: readonly [path: string, body?: object][] = [
      ['one-time-code', { code: '123456' }],
      ['recovery-code', { code: 'ZZZZ-ZZZZ-ZZZZ-ZZZZ' }],
      ['passkey/options'],
      ['passkey', device.authenticate(await requestOptionsOf(world, STEP_UP, token))],
      ['password', { password: PASSWORD }],
    ];
    for (const [path, body] of bodies) {
      for (const wrong of [undefined, pending, 'junk']) {
        const { status } = await world.api('POST', `/api/v1/step-up/${path}`, body, wrong);
        assert.equal(status, 401, `${path} ${wrong}`);
      }
    }
    const other = await tokenByPasskey(world, device);
    const assertion = device.authenticate(await requestOptionsOf(world, STEP_UP, token));
    assert.equal((await world.api('POST', STEP_UP, assertion, other)).body.code, 'challenge_expired');
    assert.equal((await world.api('POST', STEP_UP, assertion, token)).status, 200);
    const wrong = await world.api('POST', '/api/v1/step-up/one-time-code', { code: wrongCode(world, secret) }, token);
    assert.equal(wrong.body.code, 'code_incorrect');
    assert.ok((await sessionsOf(world, ana.id)) >= 2);
  });
});

describe('the set-up at sign-in over the API', () => {
  it('gives the recovery codes once, with the session', async (t) => {
    const { world } = await openWithAna(t, { policy: 'required' });
    const token = await pendingToken(world);
    const path = '/api/v1/sign-in/enrollment/passkey';
    const started = await world.api('POST', `${path}/options`, undefined, token);
    const answer = phone().register(started.body.options as CreationOptions);
    const other = await pendingToken(world);
    assert.equal((await world.api('POST', path, answer, other)).body.code, 'challenge_expired');
    const { status, body } = await world.api('POST', path, answer, token);
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(Object.keys(body).sort(), ['recoveryCodes', 'session', 'state']);
    assert.equal((body.recoveryCodes as string[]).length, 10);
    assert.equal((await world.api('POST', path, answer, token)).status, 401);
  });
});
