import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CreationOptions, RequestOptions } from '#core/authenticators/passkeys/webauthn.ts';
import { ANA, openWithAna, openWithEnrolledAna, pendingToken } from '../../story.ts';
import {
  AUTHENTICATORS,
  requestOptionsOf,
  SIGN_IN,
  STEP_UP,
  tokenByPasskey,
  tokenIn,
  usePasskey,
} from './passkey-api.ts';
import { openWithBoth, sessionsOf } from './passkey-people.ts';
import { optionsFrom, passkeysOf, phone, RP_ID, sendForm, signInAlone } from './passkey-story.ts';

const ADD = '/security/authenticators/passkey';
const ALONE = '/sign-in/passkey/alone';

test('C05 CVE-2026-0723 (GitLab): an answer of a device that does not have the key is none', async (t) => {
  const { world, ana, device } = await openWithBoth(t);
  const thief = phone();
  const before = await sessionsOf(world, ana.id);
  const options = await requestOptionsOf(world, SIGN_IN);
  const { id = '', userHandle = '' } = device.credentials[0] ?? {};
  thief.register({
    rp: { id: RP_ID, name: 'x' },
    user: { id: userHandle, name: 'x', displayName: 'x' },
    challenge: options.challenge,
    pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
    authenticatorSelection: { residentKey: 'required' },
  });
  const forged = thief.authenticate(options, { credentialId: id });
  assert.equal((await world.api('POST', SIGN_IN, forged)).body.code, 'passkey_refused');
  assert.equal(await sessionsOf(world, ana.id), before);
});

test('C07 T07.8 PYSEC-2022-303 (django-mfa2): a registration that is sent again makes no second passkey', async (t) => {
  const { world, ana, browser } = await openWithEnrolledAna(t);
  const options = await optionsFrom(browser, ADD, `${ADD}/options`);
  const device = phone();
  const credential = JSON.stringify(device.register(options));
  const send = async () => sendForm(browser, (await browser.get(ADD)).text, ADD, { credential });
  assert.equal((await send()).location, '/security');
  assert.equal((await send()).status, 422);
  // Another key for the challenge that is used up.
  const other = JSON.stringify(phone().register(options));
  assert.equal((await sendForm(browser, (await browser.get(ADD)).text, ADD, { credential: other })).status, 422);
  assert.equal((await passkeysOf(world, ana.id)).length, 1);
});

test('C07 CVE-2026-32132 (Zitadel): a registration is over after five minutes', async (t) => {
  const { world, ana, browser } = await openWithEnrolledAna(t);
  const credential = JSON.stringify(phone().register(await optionsFrom(browser, ADD, `${ADD}/options`)));
  world.clock.at += 5 * 60;
  await world.env.db.transaction((tx) => tx.updateTable('sessions').set({ step_up_at: world.clock.at }).execute());
  assert.equal((await sendForm(browser, (await browser.get(ADD)).text, ADD, { credential })).status, 422);
  assert.deepEqual(await passkeysOf(world, ana.id), []);
});

test('C07 GHSA-hp74-gm6m-2qm5 (Pocket ID): a step-up is a proof in this session, not a sign-in elsewhere', async (t) => {
  const { world, device } = await openWithBoth(t);
  const token = await tokenByPasskey(world, device);
  world.clock.at += 300;
  await tokenByPasskey(world, device);
  const refused = await world.api('POST', AUTHENTICATORS, { kind: 'passkey' }, token);
  assert.equal(refused.body.code, 'step_up_required');
  assert.equal((await usePasskey(world, device, { path: STEP_UP, token })).status, 200);
  assert.equal((await world.api('POST', AUTHENTICATORS, { kind: 'passkey' }, token)).status, 200);
});

test('C07 T07.1 with the password alone no passkey is added to an account that has an authenticator', async (t) => {
  const { world, ana } = await openWithEnrolledAna(t);
  const token = await pendingToken(world);
  for (const path of ['/api/v1/sign-in/enrollment/passkey/options', AUTHENTICATORS]) {
    const body = path === AUTHENTICATORS ? { kind: 'passkey' } : undefined;
    const { status } = await world.api('POST', path, body, token);
    assert.ok([401, 403].includes(status), `${path}: ${status}`);
  }
  assert.deepEqual(await passkeysOf(world, ana.id), []);
});

test('C07 T07.8 the challenge of a registration signs nobody in, and that of a sign-in registers nothing', async (t) => {
  const { world, ana, device } = await openWithBoth(t);
  const token = await tokenByPasskey(world, device);
  const started = await world.api('POST', AUTHENTICATORS, { kind: 'passkey' }, token);
  const { challenge } = started.body.options as CreationOptions;
  const before = await sessionsOf(world, ana.id);
  const used = await world.api('POST', SIGN_IN, device.authenticate({ challenge, rpId: RP_ID }));
  assert.equal(used.body.code, 'challenge_expired');
  const asked = await requestOptionsOf(world, SIGN_IN);
  const options = { ...(started.body.options as CreationOptions), challenge: asked.challenge };
  const path = `${AUTHENTICATORS}/${started.body.id}/confirm`;
  assert.equal((await world.api('POST', path, phone().register(options), token)).body.code, 'challenge_expired');
  assert.equal(await sessionsOf(world, ana.id), before);
  assert.equal((await passkeysOf(world, ana.id)).length, 1);
});

test('C12 T12.3 nobody sees from the options whether an email has a passkey: without a password they name none', async (t) => {
  const { world } = await openWithBoth(t);
  for (const path of [ALONE]) {
    const options = await optionsFrom(world.person(), '/sign-in', `${path}/options`);
    assert.deepEqual(options.allowCredentials, []);
    const withEmail = await optionsFrom(world.person(), '/sign-in', `${path}/options`, { email: ANA });
    assert.deepEqual(withEmail.allowCredentials, []);
  }
});

test('C16 T16.1 the RP ID and the origin are those of the public address, whatever the request says of it', async (t) => {
  const { world, device } = await openWithBoth(t);
  const headers = {
    'content-type': 'application/json',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'http',
    forwarded: 'host=evil.example',
  };
  const ask = (path: string, body?: string) =>
    world.app.fetch(
      new Request(`https://sign-in.example.com${path}`, { method: 'POST', headers, ...(body && { body }) }),
      { remoteAddress: '192.0.2.7' },
    );
  const options = (await (await ask(`${SIGN_IN}/options`)).json()) as RequestOptions;
  assert.equal(options.rpId, RP_ID);
  const evil = device.authenticate(options, { origin: 'https://evil.example', ignoresOptions: true });
  assert.equal((await ask(SIGN_IN, JSON.stringify(evil))).status, 422);
  const next = (await (await ask(`${SIGN_IN}/options`)).json()) as RequestOptions;
  assert.equal((await ask(SIGN_IN, JSON.stringify(device.authenticate(next)))).status, 200);
});

test('C17 T17.4 the methods of a session are exactly what was proven in it', async (t) => {
  const { world, device } = await openWithBoth(t);
  const methods = async (token: string) => (await world.api('GET', '/api/v1/session', undefined, token)).body.amr;
  const alone = await tokenByPasskey(world, device);
  assert.deepEqual(await methods(alone), ['swk', 'user', 'mfa'], 'no password');
  const pending = await pendingToken(world);
  const second = tokenIn(await usePasskey(world, device, { token: pending, overrides: { userVerified: false } }));
  assert.deepEqual(await methods(second), ['pwd', 'swk', 'mfa'], 'nobody was verified');
  assert.equal((await usePasskey(world, device, { path: STEP_UP, token: second })).status, 200);
  assert.deepEqual(await methods(second), ['pwd', 'swk', 'user', 'mfa']);
});

test('C18 T18.1 challenges have 256 random bits, and no two are the same', async (t) => {
  const { world } = await openWithAna(t);
  const seen = new Set<string>();
  for (let asked = 0; asked < 150; asked++) {
    const { challenge } = await requestOptionsOf(world, SIGN_IN);
    assert.equal(Buffer.from(challenge, 'base64url').length, 32);
    seen.add(challenge);
  }
  assert.equal(seen.size, 150);
  const stored = await world.env.db.read.selectFrom('passkey_challenges').select('challenge_hash').execute();
  assert.ok(
    stored.every(({ challenge_hash }) => !seen.has(challenge_hash)),
    'only a hash is stored',
  );
});

test('C22 a passkey that lost its key row counts as an authenticator and opens nothing', async (t) => {
  const { world, ana, device, browser } = await openWithBoth(t);
  await world.env.db.transaction((tx) => tx.updateTable('passkeys').set({ sealed_key: 'v1.k1.AAAA.AAAA' }).execute());
  assert.equal((await signInAlone(world.person(), device)).status, 422);
  assert.ok(world.log.some((line) => line.includes('the key of a passkey does not open')));
  assert.equal((await world.person().signIn(ANA)).location, '/sign-in/passkey', 'asked for all the same');
  await world.env.db.transaction((tx) => tx.deleteFrom('passkeys').where('user_id', '=', ana.id).execute());
  assert.equal((await signInAlone(world.person(), device)).status, 422);
  assert.notEqual((await world.person().signIn(ANA)).location, '/');
  assert.ok((await browser.get('/security/authenticators')).status < 500);
});
