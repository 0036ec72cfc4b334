import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ANA,
  enrollWithCodes,
  openWithEnrolledAna,
  pendingToken,
  plain,
  refusalOn,
  signInFully,
  wrongCode,
} from '../../story.ts';
import { PASSWORD, type World } from '../../world.ts';

const PATH = '/api/v1/sign-in/recovery-code';

async function answerTo(world: World, code: string, email = ANA) {
  return world.api('POST', PATH, { code }, await pendingToken(world, email));
}

describe('a recovery code', () => {
  it('completes a sign-in once, in any order, and says how many are left', async (t) => {
    const { world, codes } = await openWithEnrolledAna(t);
    for (const [index, position] of [7, 0, 9, 3].entries()) {
      const { status, body } = await answerTo(world, codes[position] ?? '');
      assert.equal(status, 200);
      assert.equal(body.remainingRecoveryCodes, 9 - index);
    }
    const again = await answerTo(world, codes[9] ?? '');
    assert.deepEqual([again.status, again.body.code], [422, 'recovery_code_already_used']);
    assert.equal((await answerTo(world, codes[1] ?? '')).body.remainingRecoveryCodes, 5);
  });

  for (const write of [
    (code: string) => code.toLowerCase(),
    (code: string) => code.replaceAll('-', ''),
    (code: string) => code.replaceAll('-', ' '),
    (code: string) => ` ${code.replaceAll('-', '\u2013')}\n`,
    (code: string) => code.replaceAll('0', 'O').replaceAll('1', 'l'),
    (code: string) => code.replaceAll('0', 'o').replaceAll('1', 'I'),
  ]) {
    it(`is read forgivingly: ${JSON.stringify(write('0123-4567-89AB-CDEF'))}`, async (t) => {
      const { world, codes } = await openWithEnrolledAna(t);
      // A code with both digits that are easily misread, if there is one.
      const code = codes.find((one) => one.includes('0') && one.includes('1')) ?? codes[0] ?? '';
      assert.equal((await answerTo(world, write(code))).status, 200);
      assert.equal((await answerTo(world, code)).body.code, 'recovery_code_already_used');
    });
  }

  it('of another user is incorrect, as any other wrong one', async (t) => {
    const { world, partnerId, codes } = await openWithEnrolledAna(t);
    await world.addUser({ email: 'ben@acme.example', partnerId });
    await enrollWithCodes(world, world.person(), 'ben@acme.example');
    const { status, body } = await answerTo(world, codes[0] ?? '', 'ben@acme.example');
    const wrong = await answerTo(world, 'ZZZZ-ZZZZ-ZZZZ-ZZZZ', 'ben@acme.example');
    assert.deepEqual([status, body.code], [422, 'recovery_code_incorrect']);
    assert.deepEqual({ ...wrong.body, requestId: '' }, { ...body, requestId: '' });
    assert.equal((await answerTo(world, codes[0] ?? '')).status, 200, 'and still works for its own');
  });

  it('needs the password first and an authenticator beside it', async (t) => {
    const { world, partnerId, codes } = await openWithEnrolledAna(t);
    assert.equal((await world.api('POST', PATH, { code: codes[0] })).status, 401);
    await world.addUser({ email: 'ben@acme.example', partnerId });
    const { status, body } = await answerTo(world, codes[0] ?? '', 'ben@acme.example');
    assert.deepEqual([status, body.code], [403, 'forbidden']);
  });

  it('does not reset what wrong one-time codes have counted', async (t) => {
    const { world, secret, codes } = await openWithEnrolledAna(t);
    const token = await pendingToken(world);
    for (let ordinal = 0; ordinal < 4; ordinal++) {
      const code = wrongCode(world, secret, ordinal);
      await world.api('POST', '/api/v1/sign-in/one-time-code', { code }, token);
    }
    await answerTo(world, codes[0] ?? '');
    const next = await pendingToken(world);
    const fifth = { code: wrongCode(world, secret, 4) };
    await world.api('POST', '/api/v1/sign-in/one-time-code', fifth, next);
    const sixth = await world.api('POST', '/api/v1/sign-in/one-time-code', fifth, next);
    assert.deepEqual([sixth.body.code, sixth.body.retryAfterSeconds], ['too_many_attempts', 60]);
  });

  it('proves "mfa" and never "otp"', async (t) => {
    const { world, codes } = await openWithEnrolledAna(t);
    const { body } = await answerTo(world, codes[0] ?? '');
    const { token } = body.session as { token: string };
    const session = await world.api('GET', '/api/v1/session', undefined, token);
    assert.deepEqual([session.body.amr, session.body.acr], [['pwd', 'mfa'], 'urn:sallyport:acr:mfa']);
  });
});

describe('the page for recovery codes', () => {
  it('has the field Recovery code, the button Verify and the way back, and is never the first', async (t) => {
    const { browser } = await openWithEnrolledAna(t);
    await browser.post('/sign-out');
    assert.equal((await browser.signIn(ANA)).location, '/sign-in/one-time-code');
    const { text } = await browser.get('/sign-in/recovery-code');
    assert.match(plain(text), /Recovery code .*Verify .*Use your authenticator app instead/);
    assert.doesNotMatch(text, /maxlength/);
    assert.match(text, /href="\/sign-in\/one-time-code"/);
  });

  it('says what is wrong, names a one-time code, and counts nothing malformed', async (t) => {
    const { world, secret, codes, browser } = await openWithEnrolledAna(t);
    await browser.post('/sign-out');
    await browser.signIn(ANA);
    const post = (code: string) => browser.post('/sign-in/recovery-code', { code });
    for (const code of ['', 'ABCD', 'UUUU-UUUU-UUUU-UUUU', `${codes[0]}0`, '🔑'.repeat(16)]) {
      const { status, text } = await post(code);
      assert.equal(status, 400);
      assert.match(refusalOn(text), /Enter the 16 characters of your recovery code/);
    }
    const mixedUp = await post(world.totp(secret));
    assert.equal(mixedUp.status, 400);
    assert.match(refusalOn(mixedUp.text), /This looks like a one-time code/);
    assert.match(/id="refusal"[\s\S]*?<\/div><\/div>/.exec(mixedUp.text)?.[0] ?? '', /href="\/sign-in\/one-time-code"/);
    const pending = await world.env.db.read.selectFrom('pending_sign_ins').select('tries').execute();
    assert.deepEqual(new Set(pending.map(({ tries }) => tries)), new Set([0]));

    const wrong = await post('ZZZZ-ZZZZ-ZZZZ-ZZZZ');
    assert.equal(wrong.status, 422);
    assert.match(refusalOn(wrong.text), /Recovery code is incorrect .*You can use them in any order/);
    assert.equal((await post(codes[5] ?? '')).location, '/sign-in/notice');
    await browser.post('/sign-out');
    await browser.signIn(ANA);
    const used = await post(codes[5] ?? '');
    assert.equal(used.status, 422);
    assert.match(refusalOn(used.text), /Recovery code already used .*enter another/);
  });

  it('leads to how many are left and to a new authenticator, which that code has opened', async (t) => {
    const { browser, codes } = await openWithEnrolledAna(t);
    await browser.post('/sign-out');
    await browser.post('/sign-in', { email: ANA, password: PASSWORD, return_to: '/security/sessions' });
    await browser.post('/sign-in/recovery-code', { code: codes[2] ?? '' });
    const { text } = await browser.get('/sign-in/notice');
    assert.match(plain(text), /You used a recovery code\. 9 codes are left.*Set up a new authenticator/);
    assert.match(text, /href="\/security\/authenticator"/);
    assert.match(text, /href="\/security\/sessions"[^>]*>Continue/);
    assert.equal((await browser.get('/security/authenticator')).status, 200, 'no second proof is asked for');
  });
});

describe('few codes', () => {
  it('are told by mail and on the page from three on, at every sign-in', async (t) => {
    const { world, browser, codes, secret } = await openWithEnrolledAna(t);
    for (const code of codes.slice(0, 6)) await answerTo(world, code);
    assert.equal((await signInFully(world, world.person(), secret)).location, '/', 'four are enough');
    assert.deepEqual(await fewMails(world), []);
    assert.equal((await answerTo(world, codes[6] ?? '')).body.remainingRecoveryCodes, 3);
    assert.deepEqual(await fewMails(world), [3]);
    await browser.post('/sign-out');
    assert.equal((await signInFully(world, browser, secret)).location, '/sign-in/notice');
    const { text } = await browser.get('/sign-in/notice');
    assert.match(plain(text), /You have 3 recovery codes left.*Get new recovery codes/);
    assert.match(text, /href="\/security\/recovery-codes"/);
    for (const code of codes.slice(7)) await answerTo(world, code);
    assert.deepEqual(await fewMails(world), [3, 2, 1, 0]);
    const none = await world.api('POST', '/api/v1/sign-in', { email: ANA, password: PASSWORD });
    assert.deepEqual(none.body.methods, ['totp']);
    assert.equal((await browser.get('/security')).status, 200);
  });
});

async function fewMails(world: World): Promise<unknown[]> {
  const mails = (await world.mail()).filter(({ kind, to }) => kind === 'few_codes_left' && to === ANA);
  return mails.map(({ parameters }) => parameters.left).reverse();
}
