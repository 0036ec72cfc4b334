import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ANA,
  authenticatorOf,
  openWithEnrolledAna,
  pendingToken,
  plain,
  refusalOn,
  signInFully,
  wrongCode,
} from '../../story.ts';
import { PASSWORD, type World } from '../../world.ts';

/** The answer of the API to a code at a new sign-in. */
async function answerTo(world: World, code: string) {
  const token = await pendingToken(world);
  return world.api('POST', '/api/v1/sign-in/one-time-code', { code }, token);
}

describe('the accepted window', () => {
  it('takes the step before, the current one and the one after, each once', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    world.clock.at += 90 + 7;
    for (const ahead of [-1, 0, 1]) {
      const code = world.totp(secret, ahead);
      assert.equal((await answerTo(world, code)).status, 200, `${ahead}`);
      assert.equal((await answerTo(world, code)).status, 422, `${ahead} again`);
    }
  });

  it('takes nothing two steps away', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    world.clock.at += 90;
    assert.equal((await answerTo(world, world.totp(secret, -2))).body.code, 'code_expired');
    assert.equal((await answerTo(world, world.totp(secret, 2))).body.code, 'code_incorrect');
  });

  it('is the current step alone when it is set to strict', async (t) => {
    const environment = { SALLYPORT_TOTP_WINDOW: 'strict' };
    const { world, secret } = await openWithEnrolledAna(t, { environment });
    world.clock.at += 90 + 10;
    const before = await answerTo(world, world.totp(secret, -1));
    assert.deepEqual([before.body.code, before.body.ageSeconds], ['code_expired', 10]);
    assert.equal((await answerTo(world, world.totp(secret, 1))).body.code, 'code_incorrect');
    assert.equal((await answerTo(world, world.totp(secret))).status, 200);
  });
});

describe('a code that was used', () => {
  it('is refused at another sign-in, and says to the second when the next one begins', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    const code = world.totp(secret);
    assert.equal((await answerTo(world, code)).status, 200);
    for (const [later, next] of [
      [0, 30],
      [11, 19],
      [18, 1],
    ] as const) {
      world.clock.at += later;
      const { status, body } = await answerTo(world, code);
      assert.equal(status, 422);
      assert.deepEqual([body.code, body.nextCodeInSeconds], ['code_already_used', next]);
    }
    world.clock.at += 1;
    assert.equal((await answerTo(world, code)).body.code, 'code_already_used', 'in the window still');
    assert.equal((await answerTo(world, world.totp(secret))).status, 200);
  });

  it('is refused when it confirmed the set-up a moment ago', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    const confirmed = world.totp(secret, -1);
    const { body } = await answerTo(world, confirmed);
    assert.deepEqual([body.code, body.nextCodeInSeconds], ['code_already_used', 1]);
    world.clock.at -= 10;
    assert.equal((await answerTo(world, confirmed)).body.nextCodeInSeconds, 10);
  });

  it('is refused at a step-up, and one of a step-up at a sign-in', async (t) => {
    const { world, secret, browser } = await openWithEnrolledAna(t);
    await signInFully(world, browser, secret);
    world.clock.at += 5 * 60;
    assert.equal((await answerTo(world, world.totp(secret))).status, 200);
    const used = await browser.post('/step-up', { code: world.totp(secret) });
    assert.equal(used.status, 422);
    assert.match(refusalOn(used.text), /Code already used .*Your app shows a new one in 30 seconds/);
    world.clock.at += 30;
    const code = world.totp(secret);
    assert.equal((await browser.post('/step-up', { code })).status, 303);
    assert.equal((await answerTo(world, code)).body.code, 'code_already_used');
  });

  for (const vary of [
    (code: string) => `${code.slice(0, 3)} ${code.slice(3)}`,
    (code: string) => ` ${code}`,
    (code: string) => `${code}\n`,
    (code: string) => `${code.slice(0, 3)}-${code.slice(3)}`,
    (code: string) => code.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit))),
    (code: string) => `+${code}`,
    (code: string) => `0${code}`,
  ]) {
    it(`is refused however it is written: ${JSON.stringify(vary('123456'))}`, async (t) => {
      const { world, secret } = await openWithEnrolledAna(t);
      const code = world.totp(secret);
      await answerTo(world, code);
      assert.match(String((await answerTo(world, vary(code))).body.code), /^(code_already_used|invalid_request)$/);
    });
  }
});

describe('a code that expired', () => {
  it('is told its age from the end of its step, down to twenty steps back', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    world.clock.at += 30 * 30 + 7;
    for (const [ahead, ageSeconds] of [
      [-2, 37],
      [-20, 577],
    ] as const) {
      const { status, body } = await answerTo(world, world.totp(secret, ahead));
      assert.equal(status, 422);
      assert.deepEqual([body.code, body.ageSeconds], ['code_expired', ageSeconds]);
    }
    const older = await answerTo(world, world.totp(secret, -21));
    assert.deepEqual([older.body.code, older.body.ageSeconds], ['code_incorrect', undefined]);
  });

  it('is never younger than zero seconds: a step in the window that a newer one overtook', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    world.clock.at += 60;
    assert.equal((await answerTo(world, world.totp(secret, 1))).status, 200);
    const { body } = await answerTo(world, world.totp(secret));
    assert.deepEqual([body.code, body.ageSeconds], ['code_expired', 0]);
  });

  it('is counted as a failure, and never accepted', async (t) => {
    const { world, ana, secret } = await openWithEnrolledAna(t);
    world.clock.at += 600;
    await answerTo(world, world.totp(secret, -5));
    await answerTo(world, world.totp(secret, 5));
    await answerTo(world, wrongCode(world, secret));
    assert.equal(await failuresInRow(world, ana.id), 3);
    assert.equal((await answerTo(world, world.totp(secret))).status, 200);
    assert.equal(await failuresInRow(world, ana.id), 0);
  });
});

describe('what a person types', () => {
  for (const write of [
    (code: string) => `${code.slice(0, 3)} ${code.slice(3)}`,
    (code: string) => `\u00a0${code.slice(0, 3)}\u2009${code.slice(3)}\t`,
    (code: string) => [...code].join('-'),
    (code: string) => `${code.slice(0, 3)}\u2013${code.slice(3)}`,
    (code: string) => code.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit))),
  ]) {
    it(`is read with spaces, dashes and full-width digits: ${JSON.stringify(write('123456'))}`, async (t) => {
      const { world, secret, browser } = await openWithEnrolledAna(t);
      await browser.post('/sign-out');
      await browser.signIn(ANA);
      assert.equal((await browser.post('/sign-in/one-time-code', { code: write(world.totp(secret)) })).location, '/');
    });
  }

  it('is never counted when it is not six digits, and named when it is a recovery code', async (t) => {
    const { world, ana, secret, browser, codes } = await openWithEnrolledAna(t);
    await browser.post('/sign-out');
    await browser.signIn(ANA);
    const token = await pendingToken(world);
    for (const code of ['', '12345', '1234567', 'abcdef', '１２３', '+123456', '1e5', '0x1234', '9'.repeat(6000)]) {
      const { status, text } = await browser.post('/sign-in/one-time-code', { code });
      assert.equal(status, 400);
      assert.match(refusalOn(text), /Enter the 6 digits of your code .*didn’t count as an attempt/);
      const refused = await world.api('POST', '/api/v1/sign-in/one-time-code', { code }, token);
      assert.deepEqual([refused.status, refused.body.code], [400, 'invalid_request']);
    }
    const { status, text } = await browser.post('/sign-in/one-time-code', { code: codes[0]?.toLowerCase() ?? '' });
    assert.equal(status, 400);
    assert.match(refusalOn(text), /This looks like a recovery code/);
    assert.match(
      text,
      /id="refusal"[\s\S]*href="\/sign-in\/recovery-code"[\s\S]*<form method="post" action="\/sign-in\/one/,
    );
    assert.doesNotMatch(text, new RegExp(codes[0] ?? '', 'i'), 'what was typed is not echoed');

    const pending = await world.env.db.read.selectFrom('pending_sign_ins').select('tries').execute();
    assert.deepEqual(new Set(pending.map(({ tries }) => tries)), new Set([0]));
    assert.equal(await failuresInRow(world, ana.id), 0);
    assert.equal((await browser.post('/sign-in/one-time-code', { code: world.totp(secret) })).status, 303);
  });
});

describe('the page of the second factor', () => {
  it('has one field One-time code, the button Verify and the link Use a recovery code', async (t) => {
    const { browser } = await openWithEnrolledAna(t);
    await browser.post('/sign-out');
    await browser.signIn(ANA);
    const { text } = await browser.get('/sign-in/one-time-code');
    assert.match(plain(text), /One-time code .*Verify .*Use a recovery code/);
    const field = /<input id="code"[^>]*>/.exec(text)?.[0] ?? '';
    assert.match(field, /type="text" inputmode="numeric" autocomplete="one-time-code"/);
    assert.doesNotMatch(field, /maxlength|pattern|onpaste/);
    assert.match(text, /href="\/sign-in\/recovery-code"/);
    assert.match(text, /href="\/help\/troubleshooting"/);
  });

  it('says what is wrong and what to do next', async (t) => {
    const { world, secret, browser } = await openWithEnrolledAna(t);
    await browser.post('/sign-out');
    await browser.signIn(ANA);
    world.clock.at += 127;
    const post = (code: string) => browser.post('/sign-in/one-time-code', { code });
    const incorrect = await post(wrongCode(world, secret));
    assert.equal(incorrect.status, 422);
    assert.match(refusalOn(incorrect.text), /One-time code is incorrect .*enter the 6 digits it shows/);
    assert.match(incorrect.text, /<title>Error: .*aria-describedby="code-hint code-error"/s);
    const expired = await post(world.totp(secret, -2));
    assert.match(refusalOn(expired.text), /Code expired That code expired 37 seconds ago/);
    const ahead = await post(world.totp(secret, 3));
    assert.match(refusalOn(ahead.text), /One-time code is incorrect/, 'one code in the future is never named');
  });
});

it('the answers are reachable only after a right password', async (t) => {
  const { world, secret } = await openWithEnrolledAna(t);
  const wrong = await world.api('POST', '/api/v1/sign-in', { email: ANA, password: `${PASSWORD}!` });
  assert.deepEqual([wrong.status, 'pendingToken' in wrong.body], [401, false]);
  const answer = await world.api('POST', '/api/v1/sign-in/one-time-code', { code: world.totp(secret, -4) });
  assert.deepEqual([answer.status, answer.body.code], [401, 'sign_in_expired']);
});

async function failuresInRow(world: World, userId: string): Promise<number> {
  const id = (await authenticatorOf(world, userId))?.id;
  const { read } = world.env.db;
  const row = await read
    .selectFrom('attempts')
    .select('state')
    .where('key', '=', `code:${id}:unknown`)
    .executeTakeFirst();
  return row === undefined ? 0 : JSON.parse(row.state).row;
}
