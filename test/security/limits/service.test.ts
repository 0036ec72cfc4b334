import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { makeKeyText } from '#crypto/key-ring.ts';
import { createHasher } from '#crypto/password-hash.ts';
import { randomBytes } from '#crypto/random.ts';
import { makeEmailLink, makeLink } from '#flows/administration/make-link.ts';
import { refusalOn, uncounted } from '../../story.ts';
import { openWorld, PASSWORD, QUICK_HASH, type World } from '../../world.ts';
import {
  closeSession,
  enrolledPerson,
  failCodes,
  failPasswords,
  MINUTE,
  onKnownDevice,
  pendingToken,
  recoveryCodesOf,
  tryCode,
  tryPassword,
  tryRecoveryCode,
  waitOf,
  wrongCode,
} from './limits-story.ts';

describe('after a restart', () => {
  test('every wait, pause, bucket, try and known device is still there', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-limits-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const database = { path: join(folder, 'test.db'), keyText: makeKeyText(randomBytes) };
    const before = await openWorld(t, { database });
    const [ana, ben, carl] = [
      await enrolledPerson(before),
      await enrolledPerson(before),
      await enrolledPerson(before),
    ] as const;
    const own = await onKnownDevice(before, ana);
    const codes = await recoveryCodesOf(before, carl.id);
    await failCodes(before, ana, 20);
    await failPasswords(before, ben.email, 10);
    const token = await pendingToken(before, carl.email);
    for (let tries = 1; tries <= 5; tries++) await tryRecoveryCode(before, carl, '0000-0000-0000-0000', token);
    assert.equal((await tryRecoveryCode(before, carl, codes[0] ?? '')).status, 200);

    const world = await openWorld(t, { database });
    world.clock.at = before.clock.at;
    const paused = await tryCode(world, ana, world.totp(ana.secret));
    assert.equal(paused.body.code, 'authenticator_paused');
    assert.equal((await tryPassword(world, ben.email, PASSWORD)).status, 429);
    assert.equal((await tryRecoveryCode(world, carl, codes[1] ?? '', token)).body.reason, 'sign_in_again');
    assert.equal((await tryRecoveryCode(world, carl, codes[0] ?? '')).body.code, 'recovery_code_already_used');
    world.clock.at += waitOf(paused) - 1;
    assert.equal(waitOf(await tryCode(world, ana, world.totp(ana.secret))), 1);

    const browser = world.person();
    for (const [name, value] of own.cookies) browser.cookies.set(name, value);
    await closeSession(browser).signIn(ana.email);
    assert.equal((await browser.post('/sign-in/one-time-code', { code: world.totp(ana.secret) })).status, 303);
  });
});

describe('while the hash queue is full', () => {
  /** A world whose only slot for a hash can be occupied. */
  async function busyWorld(t: TestContext) {
    const gate = { held: undefined as PromiseWithResolvers<void> | undefined };
    const wait = async () => gate.held?.promise;
    const hasher = createHasher({
      concurrency: 1,
      jobsPerHash: 1,
      queueSeconds: 0.01,
      argon2: {
        hashCode: (code) => wait().then(() => QUICK_HASH.hashCode(code)),
        hash: (password) => wait().then(() => QUICK_HASH.hash(password)),
        verify: (phc, password) => wait().then(() => QUICK_HASH.verify(phc, password)),
      },
    });
    const world = await openWorld(t, { hasher });
    const hold = () => {
      gate.held = Promise.withResolvers<void>();
      const job = hasher.hash('takes the place');
      return async () => {
        gate.held?.resolve();
        gate.held = undefined;
        await job;
      };
    };
    t.after(() => gate.held?.resolve());
    return { world, hold };
  }

  function assertBusy({ status, headers, code }: { status: number; headers: Headers; code?: unknown }): void {
    assert.equal(status, 503);
    assert.ok(Number(headers.get('retry-after')) >= 1);
    if (code !== undefined) assert.equal(code, 'temporarily_unavailable');
  }

  test('a password is answered with 503 and a time, and is no try', async (t) => {
    const { world, hold } = await busyWorld(t);
    const ana = await enrolledPerson(world);
    const release = hold();
    for (let tries = 1; tries <= 25; tries++) {
      const answer = await tryPassword(world, ana.email, PASSWORD);
      assertBusy({ ...answer, code: answer.body.code });
    }
    const page = await world.person().signIn(ana.email);
    assertBusy(page);
    assert.match(page.text, /What you typed is fine/);
    await release();
    assert.equal((await tryPassword(world, ana.email, PASSWORD)).status, 200);
  });

  test('the page keeps what was typed, but never a password, and says when to try again', async (t) => {
    const { world, hold } = await busyWorld(t);
    const { id: partnerId } = await world.addPartner();
    const { id: userId } = await world.addUser({ email: 'new@acme.example', partnerId, password: undefined });
    const link = await world.env.db.transaction((tx) => makeLink(world.env, tx, { purpose: 'invitation', userId }));
    const { pathname } = new URL(link.url);
    const [ana, invited] = [world.person(), world.person()];
    await Promise.all([ana.get('/sign-in'), invited.get(pathname)]);
    const release = hold();
    const signIn = await ana.signIn('ana@acme.example', PASSWORD);
    assertBusy(signIn);
    const accepted = await invited.post(pathname, { name: 'Ana Silva', password: PASSWORD });
    assertBusy(accepted);
    for (const { text, headers } of [signIn, accepted]) {
      const seconds = Number(headers.get('retry-after'));
      assert.match(refusalOn(text), new RegExp(`Please send it again in ${seconds} second`));
      assert.ok(!text.includes(PASSWORD));
    }
    assert.match(signIn.text, /value="ana@acme\.example"/);
    assert.doesNotMatch(signIn.text, /aria-invalid/, 'no field is wrong');
    assert.match(accepted.text, /value="Ana Silva"/);
    await release();
    assert.equal((await invited.post(pathname, { name: 'Ana Silva', password: PASSWORD })).location, '/enroll');
  });

  test('the way back to an old email is open: it needs no hash', async (t) => {
    const { world, hold } = await busyWorld(t);
    const { id: partnerId } = await world.addPartner({ policy: 'off' });
    const ana = await world.addUser({ email: 'ana@acme.example', partnerId });
    const url = await world.env.db.transaction((tx) =>
      makeEmailLink(world.env, tx, { purpose: 'revert', userId: ana.id, email: 'old@acme.example' }),
    );
    const browser = world.person();
    await browser.get(new URL(url).pathname);
    const release = hold();
    assert.equal((await browser.post(new URL(url).pathname)).status, 303);
    await release();
    for (const email of ['ana@acme.example', 'old@acme.example']) {
      assert.equal((await tryPassword(world, email, PASSWORD)).status, 401, 'the password opens nothing any more');
    }
  });

  test('an unknown email gets the same', async (t) => {
    const { world, hold } = await busyWorld(t);
    const release = hold();
    assertBusy(await tryPassword(world, 'nobody@acme.example', PASSWORD));
    await release();
    assert.equal((await tryPassword(world, 'nobody@acme.example', PASSWORD)).status, 401);
  });

  test('a recovery code is not used up and is no try', async (t) => {
    const { world, hold } = await busyWorld(t);
    const ana = await enrolledPerson(world);
    const [right = ''] = await recoveryCodesOf(world, ana.id);
    const token = await pendingToken(world, ana.email);
    const release = hold();
    for (let tries = 1; tries <= 12; tries++) assertBusy(await tryRecoveryCode(world, ana, right, token));
    await release();
    assert.equal((await tryRecoveryCode(world, ana, right, token)).status, 200);
  });

  test('a right confirmation code of a set-up is no try and works afterwards', async (t) => {
    const { world, hold } = await busyWorld(t);
    const partner = await world.addPartner();
    const { email } = await world.addUser({ email: 'new@acme.example', partnerId: partner.id });
    const token = await pendingToken(world, email);
    const { body } = await world.api('POST', '/api/v1/sign-in/enrollment', {}, token);
    const code = world.totp(String(body.secret));
    const confirm = () => world.api('POST', '/api/v1/sign-in/enrollment/confirm', { code }, token);
    const release = hold();
    for (let tries = 1; tries <= 25; tries++) assertBusy(await confirm());
    await release();
    assert.equal((await confirm()).status, 200);
  });

  test('one-time codes go on: they need no hash', async (t) => {
    const { world, hold } = await busyWorld(t);
    const ana = await enrolledPerson(world);
    const token = await pendingToken(world, ana.email);
    const release = hold();
    assert.equal((await tryCode(world, ana, world.totp(ana.secret), token)).status, 200);
    await release();
  });
});

describe('a wait on the page', () => {
  async function refusedPage(world: World, email: string, code: string, path = '/sign-in/one-time-code') {
    const browser = world.person('203.0.113.50');
    await browser.signIn(email);
    return browser.post(path, { code });
  }

  test('is a duration in words with the next step, in German too', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    await failCodes(world, ana, 10);
    world.clock.at += 3 * MINUTE + 10;
    const page = await refusedPage(world, ana.email, world.totp(ana.secret));
    assert.match(
      uncounted(page.text),
      /You can try again in 12 minutes\. [^<]*<a href="\/sign-in\/recovery-code">Use a recovery/,
    );
    assert.match(page.text, /<title>Error: /);

    const browser = world.person('203.0.113.51');
    const german = { 'accept-language': 'de' };
    await browser.signIn(ana.email);
    const { text } = await browser.send('/sign-in/one-time-code', { headers: german });
    const token = /name="form_token" value="([^"]+)"/.exec(text)?.[1] ?? '';
    const body = new URLSearchParams({ form_token: token, code: wrongCode(world, ana.secret) });
    const origin = { origin: world.env.config.publicUrl.origin, ...german };
    const refused = await browser.send('/sign-in/one-time-code', { method: 'POST', body, headers: origin });
    assert.match(refused.text, /in 12 Minuten/);
  });

  test('of a pause is told in hours, with the recovery code as the way on', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    await failCodes(world, ana, 20);
    const page = await refusedPage(world, ana.email, world.totp(ana.secret));
    assert.equal(page.status, 429);
    assert.match(page.text, /This authenticator is paused/);
    assert.match(uncounted(page.text), /It will work again in \d+ hours\. [^<]*<a href="\/sign-in\/recovery-code">/);
  });
});
