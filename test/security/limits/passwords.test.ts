import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Argon2, createHasher } from '#crypto/password-hash.ts';
import { unlockUser } from '#flows/administration/person-acts.ts';
import { emailCounter } from '#flows/sign-in/attempt-counters.ts';
import { uncounted } from '../../story.ts';
import { type Answer, type ApiAnswer, openWorld, PASSWORD, QUICK_HASH, type World } from '../../world.ts';
import {
  closeSession,
  enrolledPerson,
  failPasswords,
  HOUR,
  haveFailed,
  MINUTE,
  masked,
  onKnownDevice,
  tryPassword,
  waitOf,
} from './limits-story.ts';

const NOBODY = 'nobody@acme.example';

describe('wrong passwords from unknown devices', () => {
  test('ten at once, then one every six minutes, and the right one waits as well', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    for (let tries = 1; tries <= 10; tries++) {
      assert.equal((await tryPassword(world, ana.email, 'wrong')).body.code, 'invalid_credentials');
    }
    assert.equal(waitOf(await tryPassword(world, ana.email, PASSWORD)), 6 * MINUTE);
    world.clock.at += 6 * MINUTE - 1;
    assert.equal(waitOf(await tryPassword(world, ana.email, PASSWORD)), 1);
    world.clock.at += 1;
    assert.equal((await tryPassword(world, ana.email, 'wrong')).status, 401);
    assert.equal(waitOf(await tryPassword(world, ana.email, PASSWORD)), 6 * MINUTE);
    world.clock.at += 6 * MINUTE;
    assert.equal((await tryPassword(world, ana.email, PASSWORD)).status, 200);
  });

  test('share one bucket for every spelling of the email and every address', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const spellings = [ana.email, ana.email.toUpperCase(), ` ${ana.email} `, `   ${ana.email}`, ana.email];
    for (const [index, email] of [...spellings, ...spellings].entries()) {
      assert.equal((await tryPassword(world, email, 'wrong', `203.0.113.${index}`)).status, 401);
    }
    assert.equal((await tryPassword(world, ana.email, PASSWORD, '203.0.113.99')).status, 429);
  });

  test('lead to a page that says how long to wait and offers the link', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const browser = world.person();
    for (let tries = 1; tries <= 10; tries++) assert.equal((await browser.signIn(ana.email, 'wrong')).status, 401);
    world.clock.at += 90;
    const page = await browser.signIn(ana.email);
    assert.deepEqual([page.status, page.headers.get('retry-after')], [429, '270']);
    assert.match(uncounted(page.text), /You can try again in 5 minutes\./);
    assert.match(page.text, /<a href="\/forgot-password">Set a new password<\/a>/);
  });

  test('never slow a known device, which has ten tries an hour of its own', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const own = await onKnownDevice(world, ana);
    await failPasswords(world, ana.email, 30);
    assert.equal((await tryPassword(world, ana.email, PASSWORD)).status, 429);
    assert.equal((await closeSession(own).signIn(ana.email)).location, '/sign-in/one-time-code');
    closeSession(own);
    for (let tries = 1; tries <= 10; tries++) assert.equal((await own.signIn(ana.email, 'wrong')).status, 401);
    const refused = await own.signIn(ana.email);
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '360']);
    world.clock.at += HOUR;
    assert.equal((await own.signIn(ana.email)).status, 303);
  });

  test('of strangers are not counted where the device is known for somebody else only', async (t) => {
    const world = await openWorld(t);
    const [ana, ben] = [await enrolledPerson(world), await enrolledPerson(world)];
    const browserOfBen = closeSession(await onKnownDevice(world, ben));
    for (let tries = 1; tries <= 10; tries++) {
      assert.equal((await browserOfBen.signIn(ana.email, 'wrong')).status, 401);
    }
    assert.equal((await browserOfBen.signIn(ana.email)).status, 429, 'known for Ben is not known for Ana');
    assert.equal((await browserOfBen.signIn(ben.email)).status, 303);
  });
});

describe('a hundred wrong passwords in a row', () => {
  const counter = (world: World, email: string) => emailCounter(world.env, 'password', email);

  test('end sign-in by password on unknown devices, and waiting does not help', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    await failPasswords(world, ana.email, 100);
    for (const later of [0, 24 * HOUR, 90 * 24 * HOUR]) {
      world.clock.at += later;
      assert.equal((await tryPassword(world, ana.email, PASSWORD)).body.reason, 'closed');
    }
    const page = await world.person().signIn(ana.email);
    assert.equal(page.status, 429);
    assert.match(page.text, /Set a new password with an emailed link, or sign in on a device you have used before/);
    assert.match(page.text, /href="\/forgot-password"/);
  });

  test('a right password before the hundredth starts a new streak', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    await haveFailed(world, counter(world, ana.email), 99, HOUR);
    assert.equal((await tryPassword(world, ana.email, PASSWORD)).status, 200);
    assert.equal((await tryPassword(world, ana.email, 'wrong')).status, 401);
    assert.equal((await tryPassword(world, ana.email, PASSWORD)).status, 200);
  });

  test('ten thousand do not keep a known device out, and its sign-in clears the lockout', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const own = await onKnownDevice(world, ana);
    await haveFailed(world, counter(world, ana.email), 10_000, 6 * MINUTE);
    assert.equal((await tryPassword(world, ana.email, PASSWORD)).body.reason, 'closed');
    await closeSession(own).signIn(ana.email);
    assert.equal((await own.post('/sign-in/one-time-code', { code: world.totp(ana.secret) })).status, 303);
    assert.equal((await tryPassword(world, ana.email, PASSWORD)).status, 200);
  });

  test('are over after a reset link', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    await haveFailed(world, counter(world, ana.email), 100, HOUR);
    const browser = world.person();
    await browser.post('/forgot-password', { email: ana.email });
    const [mail] = await world.mail();
    assert(mail);
    const path = new URL(mail.link).pathname;
    const password = 'thimble quartz meadow 4';
    assert.equal((await browser.post(path, { password })).location, '/sign-in?password-saved');
    assert.equal((await tryPassword(world, ana.email, password)).status, 200);
  });

  test('are over after unlock', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    await haveFailed(world, counter(world, ana.email), 100, HOUR);
    await unlockUser(world.env, { email: ana.email, actor: 'command_line', reason: 'called us' });
    assert.equal((await tryPassword(world, ana.email, PASSWORD)).status, 200);
  });
});

describe('an email that is nobody’s', () => {
  const DIFFERS = new Set(['x-request-id', 'date']);

  function shown(answer: Answer | ApiAnswer, email: string) {
    const headers = [...answer.headers].filter(([name]) => !DIFFERS.has(name));
    const text = 'text' in answer ? answer.text : JSON.stringify(answer.body);
    return JSON.parse(masked(JSON.stringify({ status: answer.status, headers, text }), email));
  }

  test('gets the same answers, waits and lockout as one with a user, on pages', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const [hers, nobodys] = [world.person('203.0.113.1'), world.person('203.0.113.2')];
    const same = async (statuses: number, when: string) => {
      const answers = [await hers.signIn(ana.email, 'wrong'), await nobodys.signIn(NOBODY, 'wrong')] as const;
      assert.equal(answers[0].status, statuses, when);
      assert.deepEqual(shown(answers[0], ana.email), shown(answers[1], NOBODY), when);
    };
    for (let tries = 1; tries <= 10; tries++) await same(401, `try ${tries}`);
    await same(429, 'empty bucket');
    for (const email of [ana.email, NOBODY]) {
      const counter = emailCounter(world.env, 'password', email);
      await haveFailed(world, counter, 99, HOUR);
    }
    await same(401, 'the hundredth');
    await same(429, 'closed');
  });

  test('gets the same answers over the API, as do a disabled user and one without a password', async (t) => {
    const world = await openWorld(t);
    const ana = await enrolledPerson(world);
    const ben = await enrolledPerson(world);
    await world.env.db.transaction((tx) =>
      tx.updateTable('users').set({ disabled_at: world.clock.at }).where('id', '=', ben.id).execute(),
    );
    const { email: invited } = await world.addUser({ email: 'invited@acme.example', password: undefined });
    for (let tries = 1; tries <= 12; tries++) {
      const answers = await Promise.all(
        // The disabled user even with the right password.
        [NOBODY, ana.email, ben.email, invited].map(async (email, index) => {
          const password = email === ben.email ? PASSWORD : 'wrong';
          return shown(await tryPassword(world, email, password, `203.0.113.${index}`), email);
        }),
      );
      assert.equal(answers[0].status, tries <= 10 ? 401 : 429);
      for (const answer of answers) assert.deepEqual(answer, answers[0]);
    }
  });

  test('costs one password hash as well', async (t) => {
    const hashed: string[] = [];
    const verify: Argon2['verify'] = (phc, password) => {
      hashed.push(phc);
      return QUICK_HASH.verify(phc, password);
    };
    const hasher = createHasher({ argon2: { ...QUICK_HASH, verify } });
    const world = await openWorld(t, { hasher });
    const ana = await enrolledPerson(world);
    await tryPassword(world, ana.email, 'wrong');
    await tryPassword(world, NOBODY, 'wrong');
    assert.equal(hashed.length, 2);
    assert.equal(hasher.needsRehash(hashed[1] ?? ''), false, 'the hasher takes its own, of the same cost');
  });
});
