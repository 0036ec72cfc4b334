import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ANA, cookieOf, openWithAna, openWithEnrolledAna, pendingToken, setCookie, wrongCode } from '../../story.ts';
import { PASSWORD, START, type World } from '../../world.ts';

const TOKEN = /^[\w-]{43}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const iso = (at: number) => new Date(at * 1000).toISOString().replace('.000Z', 'Z');
const CREDENTIALS = { email: ANA, password: PASSWORD };

const PENDING_CALLS: readonly [method: string, path: string, body?: object][] = [
  ['GET', '/api/v1/sign-in'],
  ['POST', '/api/v1/sign-in/one-time-code', { code: '123456' }],
  ['POST', '/api/v1/sign-in/recovery-code', { code: 'ZZZZ-ZZZZ-ZZZZ-ZZZZ' }],
  ['POST', '/api/v1/sign-in/enrollment', {}],
  ['POST', '/api/v1/sign-in/enrollment/confirm', { code: '123456' }],
  ['POST', '/api/v1/sign-in/enrollment/skip', {}],
];
const SESSION_CALLS: readonly [method: string, path: string][] = [
  ['GET', '/api/v1/session'],
  ['DELETE', '/api/v1/session'],
];

describe('a sign-in over the API', () => {
  it('with a one-time code has exactly the shapes of the contract', async (t) => {
    const { world, ana, partnerId, secret } = await openWithEnrolledAna(t);
    const now = world.clock.at;
    const begun = await world.api('POST', '/api/v1/sign-in', CREDENTIALS);
    assert.equal(begun.status, 200);
    const { pendingToken: token, ...rest } = begun.body;
    assert.match(String(token), TOKEN);
    const stand = { state: 'second_factor_required', methods: ['totp', 'recovery_code'], expiresAt: iso(now + 600) };
    assert.deepEqual(rest, stand);
    assert.deepEqual((await world.api('GET', '/api/v1/sign-in', undefined, String(token))).body, stand);

    const { body } = await world.api(
      'POST',
      '/api/v1/sign-in/one-time-code',
      { code: world.totp(secret) },
      String(token),
    );
    const session = body.session as { token: string; expiresAt: string };
    assert.match(session.token, TOKEN);
    assert.deepEqual(body, { state: 'complete', session: { token: session.token, expiresAt: iso(now + 24 * 3600) } });
    const who = await world.api('GET', '/api/v1/session', undefined, session.token);
    assert.deepEqual(who.body, {
      user: { id: ana.id, email: ANA, name: 'Ana Silva', role: 'member' },
      partner: { id: partnerId, slug: 'acme', name: 'Acme Telecom' },
      amr: ['pwd', 'otp', 'mfa'],
      acr: 'urn:sallyport:acr:mfa',
      authTime: iso(now),
      expiresAt: iso(now + 24 * 3600),
    });
    const ended = await world.api('DELETE', '/api/v1/session', undefined, session.token);
    assert.deepEqual([ended.status, ended.body], [204, {}]);
    assert.equal((await world.api('GET', '/api/v1/session', undefined, session.token)).status, 401);
    assert.equal((await world.api('GET', '/api/v1/sign-in', undefined, String(token))).status, 401, 'consumed');
  });

  it('enrolls: the same secret when asked again, the codes once', async (t) => {
    const { world } = await openWithAna(t);
    const begun = await world.api('POST', '/api/v1/sign-in', CREDENTIALS);
    const token = String(begun.body.pendingToken);
    assert.deepEqual(Object.keys(begun.body).sort(), ['expiresAt', 'methods', 'pendingToken', 'state']);
    assert.deepEqual([begun.body.state, begun.body.methods], ['enrollment_required', []]);
    const start = () => world.api('POST', '/api/v1/sign-in/enrollment', {}, token);
    const { body: shown } = await start();
    assert.deepEqual(Object.keys(shown).sort(), ['expiresAt', 'otpauthUri', 'qrSvg', 'secret']);
    assert.match(String(shown.secret), /^[A-Z2-7]{32}$/);
    assert.match(String(shown.otpauthUri), new RegExp(`^otpauth://totp/Partner%20Interface:.*secret=${shown.secret}&`));
    assert.match(String(shown.qrSvg), /^<svg/);
    assert.equal(shown.expiresAt, iso(START + 600));
    assert.deepEqual((await start()).body, shown);

    const confirm = () =>
      world.api('POST', '/api/v1/sign-in/enrollment/confirm', { code: world.totp(String(shown.secret)) }, token);
    const { status, body } = await confirm();
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body).sort(), ['recoveryCodes', 'session', 'state']);
    const codes = body.recoveryCodes as string[];
    assert.equal(codes.length, 10);
    for (const code of codes) assert.match(code, /^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/);
    assert.equal((await confirm()).status, 401, 'once');

    world.clock.at += 30;
    const browser = world.person();
    await browser.signIn(ANA);
    await browser.post('/sign-in/one-time-code', { code: world.totp(String(shown.secret)) });
    assert.equal((await browser.get('/enroll/recovery-codes')).location, '/', 'not shown on pages');
    assert.equal((await browser.get('/')).status, 200);
    const recovered = await world.api(
      'POST',
      '/api/v1/sign-in/recovery-code',
      { code: codes[6] },
      await pendingToken(world),
    );
    assert.deepEqual(Object.keys(recovered.body).sort(), ['remainingRecoveryCodes', 'session', 'state']);
  });

  it('answers a wrong confirmation as the four answers say', async (t) => {
    const { world } = await openWithAna(t);
    const token = await pendingToken(world);
    const confirm = (code: string) => world.api('POST', '/api/v1/sign-in/enrollment/confirm', { code }, token);
    assert.equal((await confirm('123456')).body.code, 'enrollment_expired', 'before it was started');
    const { body } = await world.api('POST', '/api/v1/sign-in/enrollment', {}, token);
    const secret = String(body.secret);
    assert.deepEqual((await confirm(wrongCode(world, secret))).status, 422);
    const expired = await confirm(world.totp(secret, -3));
    assert.deepEqual([expired.body.code, expired.body.ageSeconds], ['code_expired', 60]);
    world.clock.at += 30;
    assert.equal((await confirm(world.totp(secret, -3))).body.clockOffsetSeconds, -90);
    assert.equal((await confirm(world.totp(secret))).status, 200);
  });

  it('skips where it is offered and nowhere else', async (t) => {
    const { world } = await openWithAna(t, { policy: 'optional' });
    const token = await pendingToken(world);
    const { status, body } = await world.api('POST', '/api/v1/sign-in/enrollment/skip', undefined, token);
    assert.equal(status, 200);
    const session = body.session as { token: string; expiresAt: string };
    assert.deepEqual(body, { state: 'complete', session });
    const who = await world.api('GET', '/api/v1/session', undefined, session.token);
    assert.deepEqual([who.body.amr, who.body.acr], [['pwd'], 'urn:sallyport:acr:pwd']);
    assert.equal((await world.api('POST', '/api/v1/sign-in/enrollment/skip', {}, token)).status, 401, 'once');
    const complete = await world.api('POST', '/api/v1/sign-in', CREDENTIALS);
    assert.deepEqual(Object.keys(complete.body).sort(), ['methods', 'session', 'state']);
    assert.deepEqual([complete.body.state, complete.body.methods], ['complete', []]);

    const required = await openWithAna(t);
    const pending = await pendingToken(required.world);
    const refused = await required.world.api('POST', '/api/v1/sign-in/enrollment/skip', {}, pending);
    assert.deepEqual([refused.status, refused.body.code], [403, 'forbidden']);
    const code = await required.world.api('POST', '/api/v1/sign-in/one-time-code', { code: '123456' }, pending);
    assert.deepEqual([code.status, code.body.code], [403, 'forbidden'], 'no code without an authenticator');
  });
});

describe('a token', () => {
  it('of a pending sign-in opens nothing but its own calls, and one of a session none of these', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    const pending = await pendingToken(world);
    const code = { code: world.totp(secret) };
    const done = await world.api('POST', '/api/v1/sign-in/one-time-code', code, await pendingToken(world));
    const { token: session } = done.body.session as { token: string };
    for (const [method, path] of SESSION_CALLS) await assertNoToken(world, pending, method, path);
    for (const [method, path, body] of PENDING_CALLS) await assertNoToken(world, session, method, path, body);
    assert.equal((await world.api('GET', '/api/v1/session', undefined, session)).status, 200);
    assert.equal((await world.api('GET', '/api/v1/sign-in', undefined, pending)).status, 200);
  });

  it('of a page is none of the API, and the reverse', async (t) => {
    const { world, browser, secret } = await openWithEnrolledAna(t);
    const half = world.person();
    await half.signIn(ANA);
    const cookies = [cookieOf(browser, 'session'), cookieOf(half, 'pending'), cookieOf(browser, 'device')];
    for (const value of cookies) {
      assert.match(String(value), TOKEN);
      for (const [method, path] of SESSION_CALLS) await assertNoToken(world, value, method, path);
      for (const [method, path, body] of PENDING_CALLS) await assertNoToken(world, value, method, path, body);
    }
    const pending = await pendingToken(world);
    const code = { code: world.totp(secret) };
    const { body } = await world.api('POST', '/api/v1/sign-in/one-time-code', code, pending);
    const other = world.person();
    setCookie(other, 'session', (body.session as { token: string }).token);
    setCookie(other, 'pending', await pendingToken(world));
    assert.match((await other.get('/security')).location ?? '', /^\/sign-in/);
    assert.equal((await other.get('/sign-in/one-time-code')).location, '/sign-in');
  });

  it('that is bad never falls back to a cookie, and nothing but Bearer is read', async (t) => {
    const { browser } = await openWithEnrolledAna(t);
    const bad = [
      'Bearer',
      'Bearer x',
      `Bearer ${'A'.repeat(43)}`,
      `Basic ${btoa('a:b')}`,
      cookieOf(browser, 'session') ?? '',
    ];
    for (const authorization of [...bad, `Bearer ${'A'.repeat(8000)}`, undefined]) {
      const answer = await browser.send('/api/v1/session', authorization ? { headers: { authorization } } : {});
      assert.equal(answer.status, 401, String(authorization).slice(0, 20));
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
      assert.equal(JSON.parse(answer.text).code, 'sign_in_expired');
    }
    assert.equal((await browser.get('/security')).status, 200, 'the cookie is good');
  });

  it('is never a cookie: the API sets none, at no call', async (t) => {
    const { world } = await openWithAna(t);
    const token = await pendingToken(world);
    const { body } = await world.api('POST', '/api/v1/sign-in/enrollment', {}, token);
    const code = { code: world.totp(String(body.secret)) };
    const done = await world.api('POST', '/api/v1/sign-in/enrollment/confirm', code, token);
    const { token: session } = done.body.session as { token: string };
    const answers = [
      done,
      await world.api('POST', '/api/v1/sign-in', CREDENTIALS),
      await world.api('POST', '/api/v1/sign-in', { ...CREDENTIALS, password: 'x' }),
      await world.api('GET', '/api/v1/session', undefined, session),
      await world.api('GET', '/api/v1/nothing'),
    ];
    for (const { headers } of answers) {
      assert.deepEqual(headers.getSetCookie(), []);
      assert.equal(headers.get('cache-control'), 'no-store');
    }
  });
});

async function assertNoToken(world: World, token: string | undefined, method: string, path: string, body?: object) {
  const { status, headers, body: problem } = await world.api(method, path, body, token);
  assert.deepEqual([status, problem.code], [401, 'sign_in_expired'], `${method} ${path}`);
  assert.equal(headers.get('www-authenticate'), 'Bearer');
  assert.match(String(problem.type), /./);
  assert.doesNotMatch(JSON.stringify(problem), TIME);
}
