import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { ANA, openWithAna, openWithEnrolledAna, pendingToken, wrongCode } from '../../story.ts';
import { PASSWORD, type World } from '../../world.ts';

const ALL = '/api/v1/authenticators';

/** Ana with one app, and the token of a program that has just signed her in. */
async function openWithProgram(t: TestContext, policy: 'required' | 'optional' = 'required') {
  const opened = await openWithEnrolledAna(t, { policy });
  const token = await tokenOf(opened.world, opened.secret);
  opened.world.clock.at += 30;
  return { ...opened, ...callsOf(opened.world, token), token };
}

async function tokenOf(world: World, secret: string): Promise<string> {
  const pending = await pendingToken(world);
  const { body } = await world.api('POST', '/api/v1/sign-in/one-time-code', { code: world.totp(secret) }, pending);
  return String(Object(body.session).token);
}

function callsOf(world: World, token: string) {
  const call = (method: string, path: string, body?: object) => world.api(method, ALL + path, body, token);
  const list = async () => (await call('GET', '')).body.authenticators as { id: string; name: string | null }[];
  /** Another app, confirmed. Its next code is unused. */
  const add = async (name: string) => {
    const { body } = await call('POST', '', { kind: 'totp', name });
    const secret = String(body.secret);
    const confirmed = await call('POST', `/${body.id}/confirm`, { code: world.totp(secret) });
    assert.equal(confirmed.status, 200, JSON.stringify(confirmed.body));
    world.clock.at += 30;
    return { id: String(body.id), secret, confirmed };
  };
  return { call, list, add };
}

describe('authenticators over the API', () => {
  it('are listed without a secret, with the recovery codes that are left', async (t) => {
    const { world, call, secret } = await openWithProgram(t);
    const { status, body, text } = await call('GET', '').then((answer) => ({
      ...answer,
      text: JSON.stringify(answer),
    }));
    assert.equal(status, 200);
    const [app] = body.authenticators as Record<string, unknown>[];
    assert.deepEqual(Object.keys(app ?? {}), ['id', 'kind', 'name', 'createdAt', 'lastUsedAt']);
    assert.deepEqual([app?.kind, app?.name], ['totp', null]);
    assert.equal(Object(body.recoveryCodes).left, 10);
    assert.ok(!text.includes(secret));
    assert.equal((await world.api('GET', ALL)).status, 401);
  });

  it('are added, confirmed by a code, and the program keeps its token', async (t) => {
    const { world, call, list, browser, secret } = await openWithProgram(t);
    const { status, body } = await call('POST', '', { kind: 'totp', name: ' Work  phone ' });
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body), ['id', 'kind', 'expiresAt', 'secret', 'otpauthUri', 'qrSvg']);
    const again = await call('POST', '', { kind: 'totp' });
    assert.deepEqual([again.body.id, again.body.secret], [body.id, body.secret], 'the same secret');
    const wrong = await call('POST', `/${body.id}/confirm`, { code: wrongCode(world, String(body.secret)) });
    assert.equal(wrong.body.code, 'code_incorrect');
    assert.equal((await list()).length, 1);
    const code = world.totp(String(body.secret));
    assert.equal((await call('POST', '/another/confirm', { code })).body.code, 'enrollment_expired');
    const confirmed = await call('POST', `/${body.id}/confirm`, { code });
    assert.equal(confirmed.status, 200);
    assert.deepEqual(
      [Object(confirmed.body.authenticator).id, Object(confirmed.body.authenticator).name],
      [body.id, 'Work phone'],
    );
    assert.equal(confirmed.body.recoveryCodes, undefined, 'the person has some');
    assert.equal((await list()).length, 2);
    assert.match((await browser.get('/security')).location ?? '', /^\/sign-in/, 'other sessions end');
    world.clock.at += 30;
    for (const one of [secret, String(body.secret)]) assert.ok(await tokenOf(world, one));
  });

  it('are three apps at most', async (t) => {
    const { call, add, list } = await openWithProgram(t);
    await add('two');
    await add('three');
    const refused = await call('POST', '', { kind: 'totp' });
    assert.deepEqual([refused.status, refused.body.code, refused.body.reason], [403, 'forbidden', 'most_apps']);
    assert.deepEqual(
      (await list()).map(({ name }) => name),
      [null, 'two', 'three'],
    );
  });

  it('are renamed', async (t) => {
    const { call, list } = await openWithProgram(t);
    const [app] = await list();
    const renamed = await call('PATCH', `/${app?.id}`, { name: 'Private phone' });
    assert.deepEqual([renamed.status, renamed.body.name], [200, 'Private phone']);
    for (const name of ['', 'x'.repeat(65), 'two\nlines']) {
      const refused = await call('PATCH', `/${app?.id}`, { name });
      assert.deepEqual([refused.status, refused.body.reason], [400, 'authenticator_name'], name);
    }
    assert.equal((await call('PATCH', '/nothing', { name: 'x' })).status, 404);
  });

  it('are removed, the last one only where the policy lets the person decide, with the recovery codes', async (t) => {
    for (const [policy, status] of [
      ['required', 403],
      ['optional', 204],
    ] as const) {
      const { call, add, list } = await openWithProgram(t, policy);
      const { id } = await add('two');
      assert.equal((await call('DELETE', `/${id}`)).status, 204);
      assert.equal((await call('DELETE', `/${id}`)).status, 404);
      const [last] = await list();
      assert.equal((await call('DELETE', `/${last?.id}`)).status, status);
      const { body } = await call('GET', '');
      assert.equal(body.recoveryCodes === null, policy === 'optional');
    }
  });

  it('need a fresh proof to be changed', async (t) => {
    const { world, call, list } = await openWithProgram(t);
    const [app] = await list();
    world.clock.at += 5 * 60;
    const answers = [
      await call('POST', '', { kind: 'totp' }),
      await call('POST', `/${app?.id}/confirm`, { code: '123456' }),
      await call('PATCH', `/${app?.id}`, { name: 'x' }),
      await call('DELETE', `/${app?.id}`),
    ];
    assert.deepEqual(
      answers.map(({ body }) => body.code),
      Array(4).fill('step_up_required'),
    );
    assert.equal((await call('GET', '')).status, 200);
  });

  it('of somebody else are not there', async (t) => {
    const { world, list, partnerId } = await openWithProgram(t);
    const { id } = await world.addUser({ email: 'mallory@acme.example', partnerId });
    const secret = await world.addAuthenticator(id);
    const pending = await pendingToken(world, 'mallory@acme.example');
    const opened = await world.api('POST', '/api/v1/sign-in/one-time-code', { code: world.totp(secret) }, pending);
    const { call } = callsOf(world, String(Object(opened.body.session).token));
    const [app] = await list();
    assert.equal((await call('PATCH', `/${app?.id}`, { name: 'Mine' })).status, 404);
    assert.equal((await call('DELETE', `/${app?.id}`)).status, 404);
    assert.deepEqual(
      (await list()).map(({ name }) => name),
      [null],
    );
  });
});

it('the first authenticator over the API brings the recovery codes, once, and the session counts as MFA', async (t) => {
  const { world, ana } = await openWithAna(t, { policy: 'off' });
  const { body } = await world.api('POST', '/api/v1/sign-in', { email: ANA, password: PASSWORD });
  const token = String(Object(body.session).token);
  await world.env.db.transaction((tx) =>
    tx
      .updateTable('sessions')
      .set({ step_up_at: world.clock.at, step_up_method: 'password' })
      .where('user_id', '=', ana.id)
      .execute(),
  );
  const { add, call } = callsOf(world, token);
  const { confirmed } = await add('Phone');
  assert.equal((confirmed.body.recoveryCodes as string[]).length, 10);
  const session = await world.api('GET', '/api/v1/session', undefined, token);
  assert.deepEqual(session.body.amr, ['pwd', 'otp', 'mfa']);
  assert.equal(Object((await call('GET', '')).body.recoveryCodes).left, 10);
  const copies = await world.env.db.read.selectFrom('recovery_code_sets').select('sealed_copy').execute();
  assert.deepEqual(copies, [{ sealed_copy: null }], 'no page shows them');
});
