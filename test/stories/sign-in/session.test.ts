import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeBase32 } from '#core/authenticators/totp.ts';
import { settled } from '../../databases/settled.ts';
import {
  ANA,
  cookieOf,
  enrollWithCodes,
  openWithAna,
  openWithEnrolledAna,
  pendingToken,
  setCookie,
  signInFully,
} from '../../story.ts';
import { openWorld, PASSWORD, START, type World } from '../../world.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('a session', () => {
  it('has a new cookie value after the password and after the code, and replaces the one before', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    const browser = world.person();
    setCookie(browser, 'session', 'A'.repeat(43));
    setCookie(browser, 'pending', 'B'.repeat(43));
    await browser.signIn(ANA);
    assert.equal(cookieOf(browser, 'session'), undefined);
    const pending = cookieOf(browser, 'pending') ?? '';
    assert.notEqual(pending, 'B'.repeat(43));
    await browser.post('/sign-in/one-time-code', { code: world.totp(secret) });
    const session = cookieOf(browser, 'session') ?? '';
    assert.equal(cookieOf(browser, 'pending'), undefined);
    assert.notEqual(session, 'A'.repeat(43));
    assert.notEqual(session, pending);
  });

  it('ends when somebody signs in again in the same browser, also before the second factor', async (t) => {
    const { world, partnerId, browser } = await openWithEnrolledAna(t);
    await world.addUser({ email: 'ben@acme.example', partnerId });
    const session = cookieOf(browser, 'session') ?? '';
    const old = world.person();
    setCookie(old, 'session', session);
    assert.equal((await old.get('/security')).status, 200);
    // A form that was open before in another tab.
    const form = world.person();
    await form.get('/sign-in');
    form.cookies.set('__Host-sallyport-session', session);
    assert.equal((await form.signIn('ben@acme.example')).location, '/enroll');
    assert.match((await old.get('/security')).location ?? '', /^\/sign-in/);
  });

  for (const [who, idle, absolute] of [
    ['member', HOUR, DAY],
    ['manager', HOUR, DAY],
    ['csm', 15 * MINUTE, 8 * HOUR],
    ['admin', 15 * MINUTE, 8 * HOUR],
  ] as const) {
    it(`of a ${who} ends after ${idle / MINUTE} idle minutes and ${absolute / HOUR} hours in all`, async (t) => {
      const world = await openWorld(t);
      const { id: partnerId } = await world.addPartner();
      const isStaff = who === 'csm' || who === 'admin';
      await world.addUser({ email: ANA, role: who, ...(isStaff ? {} : { partnerId }) });
      const browser = world.person();
      await browser.signIn(ANA);
      await browser.enroll(START);
      const used = async (at: number) => {
        world.clock.at = at;
        const isOpen = (await browser.get('/security')).status === 200;
        await settled(world.env.db);
        return isOpen;
      };
      for (let at = START; at < START + absolute; at += idle - 1) assert.equal(await used(at), true, `open at ${at}`);
      assert.equal(await used(START + absolute - 1), true);
      assert.equal(await used(START + absolute), false, 'however busy');

      const idler = world.person();
      world.clock.at = START + 2 * DAY;
      const secret = await secretOf(world);
      await idler.signIn(ANA);
      await idler.post('/sign-in/one-time-code', { code: world.totp(secret) });
      world.clock.at += idle;
      assert.match((await idler.get('/security')).location ?? '', /^\/sign-in/);
    });
  }

  it('is one of twenty at most: the oldest goes', async (t) => {
    const { world } = await openWithAna(t, { policy: 'off' });
    const tokens: string[] = [];
    for (let count = 0; count < 21; count++) {
      const { body } = await world.api('POST', '/api/v1/sign-in', { email: ANA, password: PASSWORD });
      tokens.push((body.session as { token: string }).token);
      world.clock.at += 1;
    }
    const statuses = tokens.map(async (token) => (await world.api('GET', '/api/v1/session', undefined, token)).status);
    const [oldest, ...others] = await Promise.all(statuses);
    assert.equal(oldest, 401);
    assert.deepEqual(new Set(others), new Set([200]));
  });

  it('stands in the database as a hash, as every token does', async (t) => {
    const { world, browser } = await openWithEnrolledAna(t);
    const half = world.person();
    await half.signIn(ANA);
    const dump = await dumpOf(world);
    for (const value of [...browser.cookies.values(), ...half.cookies.values()]) {
      assert.equal(dump.includes(value), false);
    }
    assert.match(dump, /token_hash/, 'the dump holds what it looks for');
  });

  it('shows Sign out and the way to security on every page', async (t) => {
    const { world, browser, secret } = await openWithEnrolledAna(t);
    await signInFully(world, browser, secret);
    const paths = ['/', '/security', '/security/authenticator', '/security/recovery-codes', '/security/password'];
    for (const path of [...paths, '/security/sessions', '/help']) {
      const { text } = await browser.get(path);
      assert.match(text, /action="\/sign-out"/, path);
      assert.match(text, /href="\/security"/, path);
    }
  });
});

describe('a disabled user', () => {
  it('is out everywhere at once and cannot sign in', async (t) => {
    const { world, ana, browser, secret } = await openWithEnrolledAna(t);
    const half = world.person();
    await half.signIn(ANA);
    const token = await pendingToken(world);
    // Only the flag: disabling a person also revokes all of this, but nothing may depend on that.
    await world.env.db.transaction((tx) =>
      tx.updateTable('users').set({ disabled_at: world.clock.at }).where('id', '=', ana.id).execute(),
    );
    assert.match((await browser.get('/security')).location ?? '', /^\/sign-in/);
    assert.equal((await half.post('/sign-in/one-time-code', { code: world.totp(secret) })).location, '/sign-in');
    assert.equal((await apiCode(world, token, world.totp(secret))).status, 401);
    assert.equal((await world.person().signIn(ANA)).status, 401);
  });
});

describe('a known device', () => {
  it('is given once, after a complete sign-in, for 180 days, and only to a browser', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    const browser = world.person();
    const half = await browser.signIn(ANA);
    assert.doesNotMatch(half.headers.getSetCookie().join(), /device/);
    const opened = await browser.post('/sign-in/one-time-code', { code: world.totp(secret) });
    const cookie = opened.headers.getSetCookie().find((line) => line.includes('device')) ?? '';
    assert.match(
      cookie,
      /^__Host-sallyport-device=[\w-]{43}; Path=\/; Max-Age=15552000; HttpOnly; SameSite=Lax; Secure$/,
    );
    world.clock.at += 30;
    await browser.get('/');
    await browser.post('/sign-out');
    const again = await signInFully(world, browser, secret);
    assert.doesNotMatch(again.headers.getSetCookie().join(), /device/);
    assert.equal((await devicesOf(world)).length, 2, 'the browser that enrolled and this one');
  });

  it('is no second factor', async (t) => {
    const { browser } = await openWithEnrolledAna(t);
    assert.notEqual(cookieOf(browser, 'device'), undefined);
    await browser.post('/sign-out');
    assert.equal((await browser.signIn(ANA)).location, '/sign-in/one-time-code');
  });

  it('is known for its user and for nobody else', async (t) => {
    const { world, partnerId, browser } = await openWithEnrolledAna(t);
    await world.addUser({ email: 'ben@acme.example', partnerId });
    const device = cookieOf(browser, 'device');
    await browser.post('/sign-out');
    const events = async () => (await world.events()).filter(({ action }) => action === 'sign_in.password_accepted');
    await browser.signIn('ben@acme.example');
    assert.equal((await events()).at(-1)?.detail.knownDevice, false);
    await enrollWithCodes(world, browser, 'ben@acme.example');
    const both = cookieOf(browser, 'device')?.split('.');
    assert.equal(both?.length, 2, 'one cookie, with a token for each user of the browser');
    assert.ok(both.includes(String(device)));
    await browser.post('/sign-out');
    await browser.signIn('ben@acme.example');
    assert.equal((await events()).at(-1)?.detail.knownDevice, true);
    await browser.post('/sign-in', { email: ANA, password: PASSWORD });
    assert.equal((await events()).at(-1)?.detail.knownDevice, true);
  });

  it('is unknown again after 180 days', async (t) => {
    const { world, browser } = await openWithEnrolledAna(t);
    await browser.post('/sign-out');
    world.clock.at = START + 180 * DAY;
    await browser.signIn(ANA);
    const accepted = (await world.events()).filter(({ action }) => action === 'sign_in.password_accepted');
    assert.equal(accepted.at(-1)?.detail.knownDevice, false);
  });
});

async function devicesOf(world: World) {
  return world.env.db.read.selectFrom('devices').selectAll().execute();
}

function apiCode(world: World, token: string, code: string) {
  return world.api('POST', '/api/v1/sign-in/one-time-code', { code }, token);
}

async function secretOf(world: World): Promise<string> {
  const row = await world.env.db.read.selectFrom('authenticators').selectAll().executeTakeFirstOrThrow();
  const binding = { table: 'authenticators', rowId: row.id, userId: row.user_id };
  return encodeBase32(world.env.keys.open('totp', binding, row.sealed_secret ?? ''));
}

async function dumpOf(world: World): Promise<string> {
  const tables = ['sessions', 'pending_sign_ins', 'devices', 'enrollments', 'links', 'audit_events'] as const;
  const rows = tables.map((table) => world.env.db.read.selectFrom(table).selectAll().execute());
  return JSON.stringify(await Promise.all(rows));
}
