import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tokenHash } from '#core/values/token.ts';
import { signInWithRecoveryCode } from '#features/sign-in/second-factor.ts';
import { findPendingSignIn } from '#store/sign-in/pending-sign-ins.ts';
import { ANA, cookieOf, enrollWithCodes, openWithAna, plain, setCookie, wrongCode } from '../../story.ts';
import { PASSWORD } from '../../world.ts';
import {
  allow,
  CODE_PAGE,
  DAY,
  detailsOf,
  isTrusted,
  kindsOfMail,
  openTrusting,
  rowsOf,
  signInTrusting,
  thiefWith,
  trust,
} from './trusted-story.ts';

const BOX = /<input id="trust" name="trust" type="checkbox" value="yes"[^>]*>/;

test('the box is offered where the partner allows it, and is not checked', async (t) => {
  const { world, partnerId } = await openTrusting(t);
  const browser = world.person();
  await browser.signIn(ANA);
  const [box = ''] = BOX.exec((await browser.get(CODE_PAGE)).text) ?? [];
  assert.notEqual(box, '');
  assert.doesNotMatch(box, /checked/);
  assert.doesNotMatch((await browser.get('/sign-in/recovery-code')).text, BOX);
  await allow(world, partnerId, false);
  assert.doesNotMatch((await browser.get(CODE_PAGE)).text, BOX);
});

test('a wrong code keeps the box as the person left it', async (t) => {
  const { world, secret } = await openTrusting(t);
  const browser = world.person();
  await browser.signIn(ANA);
  const code = wrongCode(world, secret);
  assert.match((await browser.post(CODE_PAGE, { code, trust: 'yes' })).text, /<input id="trust"[^>]* checked/);
  assert.doesNotMatch((await browser.post(CODE_PAGE, { code })).text, /<input id="trust"[^>]* checked/);
  assert.equal(cookieOf(browser, 'trust'), undefined);
});

test('on a trusted device the password signs in, as what it is: a password', async (t) => {
  const { world, secret, ana } = await openTrusting(t);
  const browser = world.person();
  const cookie = await trust(world, browser, secret);
  assert.match(cookie, /^[0-9a-f-]{36}:[\w-]{43}$/);
  assert.equal((await browser.signIn(ANA)).location, '/');
  assert.match(plain((await browser.get('/')).text), /Signed in with Password, on a trusted device/);
  const sessions = await world.env.db.read.selectFrom('sessions').selectAll().execute();
  const [{ id } = { id: '' }] = await rowsOf(world, ana.id);
  assert.deepEqual(
    sessions.map((row) => [row.amr, row.second_factor_at, row.step_up_at, row.step_up_method, row.trusted_device_id]),
    [['pwd', null, null, null, id]],
  );
  assert.deepEqual(await detailsOf(world, 'trusted_device.created'), [{ deviceId: id }]);
  assert.deepEqual(await detailsOf(world, 'trusted_device.used'), [{ deviceId: id }]);
  const completed = await detailsOf(world, 'sign_in.completed');
  assert.deepEqual(completed.at(-1)?.amr, ['pwd']);
});

test('the cookie belongs to this host, scripts do not see it, and it lives for thirty days', async (t) => {
  const { world, secret } = await openTrusting(t);
  const browser = world.person();
  await browser.signIn(ANA);
  const { headers } = await browser.post(CODE_PAGE, { code: world.totp(secret), trust: 'yes' });
  const line = headers.getSetCookie().find((one) => one.startsWith('__Host-sallyport-trust='));
  assert.match(line ?? '', /; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure$/);
});

test('the person is told by one mail, on a browser that is new too', async (t) => {
  const { world, secret } = await openTrusting(t);
  const browser = world.person();
  await trust(world, browser, secret);
  assert.deepEqual(await kindsOfMail(world), ['trusted_device_created']);
  await isTrusted(browser);
  assert.deepEqual(await kindsOfMail(world), ['trusted_device_created']);
});

test('an unchecked box, or one that was not offered, trusts nothing', async (t) => {
  const { world, partnerId, ana, secret } = await openTrusting(t);
  const browser = world.person();
  await browser.signIn(ANA);
  await browser.post(CODE_PAGE, { code: world.totp(secret) });
  await browser.post('/sign-out');
  world.clock.at += 30;
  assert.equal(cookieOf(browser, 'trust'), undefined);
  await allow(world, partnerId, false);
  await browser.signIn(ANA);
  assert.equal((await browser.post(CODE_PAGE, { code: world.totp(secret), trust: 'yes' })).status, 303);
  assert.equal(cookieOf(browser, 'trust'), undefined);
  assert.deepEqual(await rowsOf(world, ana.id), []);
});

test('a recovery code signs in and trusts nothing, whatever the form carries', async (t) => {
  const { world, partnerId, ana } = await openWithAna(t);
  await allow(world, partnerId);
  const browser = world.person();
  const { codes } = await enrollWithCodes(world, browser);
  await browser.post('/sign-out');
  await browser.signIn(ANA);
  const used = await browser.post('/sign-in/recovery-code', { code: codes[0] ?? '', trust: 'yes' });
  assert.equal(used.status, 303);
  await browser.post('/sign-out');
  await browser.signIn(ANA);
  const pending = await findPendingSignIn(world.env.db.read, tokenHash(cookieOf(browser, 'pending') ?? ''), 'page');
  assert.ok(pending);
  const client = { requestId: 'r', address: undefined, userAgent: undefined, deviceToken: undefined };
  const code = (codes[1] ?? '').replaceAll('-', '');
  const opened = await signInWithRecoveryCode(world.env, Object.assign(pending, { trusts: true }), code, client);
  assert.ok('session' in opened, 'nor where a caller asks for it');
  assert.deepEqual(await rowsOf(world, ana.id), []);
});

test('staff are never offered it and never trusted', async (t) => {
  const { world, ana, secret } = await openTrusting(t);
  const browser = world.person();
  const cookie = await trust(world, browser, secret);
  await world.env.db.transaction((tx) =>
    tx.updateTable('users').set({ role: 'csm', partner_id: null }).where('id', '=', ana.id).execute(),
  );
  assert.equal(await isTrusted(browser), false);
  assert.doesNotMatch((await browser.get(CODE_PAGE)).text, BOX);
  assert.equal(cookieOf(browser, 'trust'), cookie);
});

test('a wrong password stays wrong on a trusted device, and the secret stays', async (t) => {
  const { world, secret } = await openTrusting(t);
  const browser = world.person();
  const cookie = await trust(world, browser, secret);
  assert.equal((await browser.signIn(ANA, 'not the password at all')).status, 401);
  assert.equal(cookieOf(browser, 'trust'), cookie);
  assert.equal(await isTrusted(browser), true);
});

test('use does not prolong it: the code is asked for after thirty days', async (t) => {
  const { world, ana, secret } = await openTrusting(t);
  const browser = world.person();
  await trust(world, browser, secret);
  const [{ expires_at: end } = { expires_at: 0 }] = await rowsOf(world, ana.id);
  world.clock.at = end - 1;
  assert.equal(await isTrusted(browser), true);
  const [row] = await rowsOf(world, ana.id);
  assert.deepEqual([row?.expires_at, end - (row?.created_at ?? 0)], [end, 30 * DAY]);
  world.clock.at = end;
  assert.equal(await isTrusted(browser), false);
});

test('one browser is trusted by several people, and the cookie of one opens nothing for another', async (t) => {
  const { world, partnerId, secret } = await openTrusting(t);
  const bea = await world.addUser({ email: 'bea@acme.example', partnerId });
  const ofBea = await world.addAuthenticator(bea.id);
  const shared = world.person();
  const alone = await trust(world, shared, secret);
  assert.equal(await isTrusted(shared, bea.email), false);
  await shared.post(CODE_PAGE, { code: world.totp(ofBea), trust: 'yes' });
  await shared.post('/sign-out');
  world.clock.at += 30;
  assert.equal((cookieOf(shared, 'trust') ?? '').split('.').length, 2);
  assert.equal(await isTrusted(thiefWith(world, alone), bea.email), false);
  for (const email of [ANA, bea.email, ANA, bea.email]) assert.equal(await isTrusted(shared, email), true, email);
});

test('five at most: the sixth takes the place of the oldest, and ends what that one opened', async (t) => {
  const { world, ana, secret } = await openTrusting(t);
  const browsers = Array.from({ length: 6 }, (_, n) => world.person(`192.0.2.${n + 20}`));
  const [oldest, second] = browsers;
  assert.ok(oldest && second);
  for (const browser of browsers.slice(0, 5)) await trust(world, browser, secret);
  await oldest.signIn(ANA);
  assert.equal((await oldest.get('/')).status, 200);
  for (const browser of browsers.slice(5)) await trust(world, browser, secret);
  assert.equal((await rowsOf(world, ana.id)).length, 5);
  assert.equal((await oldest.get('/')).status, 303, 'its session has ended too');
  assert.equal(await isTrusted(oldest), false);
  assert.equal(await isTrusted(second), true);
  const [ended] = await detailsOf(world, 'trusted_device.ended');
  assert.deepEqual([ended?.reason, ended?.devices, ended?.sessions], ['too_many', 1, 1]);
});

test('to trust the same browser again replaces its row', async (t) => {
  const { world, ana, secret } = await openTrusting(t);
  const browser = world.person();
  await trust(world, browser, secret);
  await world.env.db.transaction((tx) => tx.updateTable('trusted_devices').set({ authenticators: 'x' }).execute());
  await signInTrusting(world, browser, secret);
  assert.equal((await rowsOf(world, ana.id)).length, 1);
});

test('a cookie of another shape is none of ours and does no harm', async (t) => {
  const { world, secret } = await openTrusting(t);
  const browser = world.person();
  const cookie = await trust(world, browser, secret);
  const [id = '', value = ''] = cookie.split(':');
  for (const planted of [
    'x',
    '.',
    `${id}:`,
    `:${value}`,
    `${id}:${value}x`,
    `${cookie}.`.repeat(9),
    'a:b'.repeat(999),
  ]) {
    const other = world.person();
    setCookie(other, 'trust', planted);
    assert.equal(await isTrusted(other), false, planted);
  }
  assert.equal(await isTrusted(browser), true);
});

test('a program gets no trusted device, whatever cookie it sends', async (t) => {
  const { world, secret } = await openTrusting(t);
  const cookie = await trust(world, world.person(), secret);
  const request = new Request(`${world.env.config.publicUrl.origin}/api/v1/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie: `__Host-sallyport-trust=${cookie}` },
    body: JSON.stringify({ email: ANA, password: PASSWORD }),
  });
  const response = await world.app.fetch(request, { remoteAddress: '192.0.2.9' });
  assert.match(await response.text(), /"second_factor_required"/);
  assert.deepEqual(response.headers.getSetCookie(), []);
});
