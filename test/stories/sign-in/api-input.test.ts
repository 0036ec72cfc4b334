import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ANA, openWithAna, openWithEnrolledAna, pendingToken, wrongCode } from '../../story.ts';
import { PASSWORD } from '../../world.ts';

const CREDENTIALS = { email: ANA, password: PASSWORD };

describe('what is sent to the API', () => {
  const bodies: readonly [string, unknown][] = [
    ['an unknown field', { ...CREDENTIALS, admin: true }],
    ['a field too many that the state has', { ...CREDENTIALS, amr: ['mfa'], mfaRequired: false, role: 'admin' }],
    ['a missing field', { email: ANA }],
    ['another case', { Email: ANA, password: PASSWORD }],
    ['a number', { email: ANA, password: 12 }],
    ['null', { email: null, password: PASSWORD }],
    ['a list', [ANA, PASSWORD]],
    ['nothing', null],
    ['an email that is none', { email: 'ana', password: PASSWORD }],
  ];
  for (const [name, body] of bodies) {
    it(`is refused where it is not the described object: ${name}`, async (t) => {
      const { world } = await openWithAna(t, { policy: 'off' });
      const { status, headers, body: problem } = await world.api('POST', '/api/v1/sign-in', body);
      assert.equal(status, 400);
      assert.equal(headers.get('content-type'), 'application/problem+json');
      assert.deepEqual([problem.code, problem.status], ['invalid_request', 400]);
      for (const key of ['type', 'title', 'detail', 'requestId']) assert.equal(typeof problem[key], 'string', key);
      assert.equal(JSON.stringify(problem).includes(PASSWORD), false);
    });
  }

  for (const code of ['', null, [], {}, true, 0, 123456, ['123456'], { $ne: null }, '1234567', '12 34', '１２']) {
    it(`is no code and no try: ${JSON.stringify(code)}`, async (t) => {
      const { world, secret } = await openWithEnrolledAna(t);
      const token = await pendingToken(world);
      for (const path of ['one-time-code', 'recovery-code', 'enrollment/confirm']) {
        const answer = await world.api('POST', `/api/v1/sign-in/${path}`, { code }, token);
        assert.deepEqual([answer.status, answer.body.code], [400, 'invalid_request'], path);
      }
      const rows = await world.env.db.read.selectFrom('pending_sign_ins').select('tries').execute();
      assert.deepEqual(new Set(rows.map(({ tries }) => tries)), new Set([0]));
      const right = { code: world.totp(secret) };
      assert.equal((await world.api('POST', '/api/v1/sign-in/one-time-code', right, token)).status, 200);
    });
  }

  it('may be no body or {} where a call takes none', async (t) => {
    const { world } = await openWithAna(t);
    const token = await pendingToken(world);
    const start = (body?: unknown) => world.api('POST', '/api/v1/sign-in/enrollment', body, token);
    assert.equal((await start({ secret: 'A'.repeat(32) })).status, 400);
    assert.equal((await start([])).status, 400);
    assert.equal((await start()).status, 200);
    assert.equal((await start({})).status, 200);
  });
});

describe('a refusal of the API', () => {
  it('says when to come back, in the body and in the header', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    for (let ordinal = 0; ordinal < 5; ordinal++) {
      const token = await pendingToken(world);
      const code = { code: wrongCode(world, secret, ordinal) };
      assert.equal((await world.api('POST', '/api/v1/sign-in/one-time-code', code, token)).status, 422);
    }
    world.clock.at += 20;
    const code = { code: world.totp(secret) };
    const { status, headers, body } = await world.api(
      'POST',
      '/api/v1/sign-in/one-time-code',
      code,
      await pendingToken(world),
    );
    assert.deepEqual([status, body.code, body.retryAfterSeconds], [429, 'too_many_attempts', 40]);
    assert.equal(headers.get('retry-after'), '40');
  });
});
