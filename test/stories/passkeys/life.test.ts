import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { tidy } from '#features/operate/housekeeping.ts';
import { archivePartner, restorePartner } from '#flows/administration/partner-acts.ts';
import { disableUser, enableUser } from '#flows/administration/person-acts.ts';
import { takeAuthenticators } from '#flows/administration/take-authenticators.ts';
import { ANA, plain, sendUnoffered } from '../../story.ts';
import type { World } from '../../world.ts';
import { eventsOf, openWithBoth, openWithPasskeyOnly, sessionsOf } from './passkey-people.ts';
import { addPasskey, givePasskey, optionsFrom, passkeysOf, phone, sendForm, signInAlone } from './passkey-story.ts';

const ALONE = '/sign-in/passkey/alone';
const NEW_PASSWORD = 'quiet harbor seven lamps';
const actor = 'command_line' as const;

/** An answer that a device signed before something happened. */
async function signedBefore(world: World, device: ReturnType<typeof phone>) {
  const browser = world.person();
  const options = await optionsFrom(browser, '/sign-in', `${ALONE}/options`);
  const credential = JSON.stringify(device.authenticate(options));
  return async () => sendForm(browser, (await browser.get('/sign-in')).text, ALONE, { credential });
}

test('a reset of MFA removes every passkey, and what was signed before it opens nothing', async (t) => {
  const { world, ana, device, browser } = await openWithBoth(t);
  await addPasskey(browser, phone(), { name: 'Second' }).catch(() => undefined);
  const late = await signedBefore(world, device);
  assert.ok(!('refused' in (await takeAuthenticators(world.env, { email: ANA, actor, reason: 'lost' }))));
  assert.deepEqual(await passkeysOf(world, ana.id), []);
  assert.equal((await late()).status, 422);
  assert.equal(await sessionsOf(world, ana.id), 0);
  assert.equal((await world.person().signIn(ANA)).location, '/enroll');
});

describe('a disabled person', () => {
  it('is not signed in by a passkey, and is again after they were enabled', async (t) => {
    const { world, ana, device } = await openWithBoth(t);
    const late = await signedBefore(world, device);
    assert.ok(!('refused' in (await disableUser(world.env, { id: ana.id, actor, reason: 'left' }))));
    assert.equal((await late()).status, 422);
    assert.equal((await signInAlone(world.person(), device)).status, 422);
    assert.equal(await sessionsOf(world, ana.id), 0);
    const [event] = await eventsOf(world, 'sign_in.passkey_refused');
    assert.equal(event?.detail.fault, 'not_allowed');
    assert.ok(!('refused' in (await enableUser(world.env, { id: ana.id, actor, reason: 'back' }))));
    assert.equal((await signInAlone(world.person(), device)).location, '/');
  });

  it('loses a sign-in that waits for its passkey', async (t) => {
    const { world, ana, device } = await openWithBoth(t);
    const browser = world.person();
    await browser.signIn(ANA);
    const options = await optionsFrom(browser, '/sign-in/passkey', '/sign-in/passkey/options');
    const page = (await browser.get('/sign-in/passkey')).text;
    assert.ok(!('refused' in (await disableUser(world.env, { id: ana.id, actor, reason: 'left' }))));
    const credential = JSON.stringify(device.authenticate(options));
    assert.notEqual((await sendForm(browser, page, '/sign-in/passkey', { credential })).location, '/');
    assert.equal(await sessionsOf(world, ana.id), 0);
  });

  it('is not told to their browser as one whose passkey is unknown: it will work again', async (t) => {
    const { world, ana, device } = await openWithBoth(t);
    assert.ok(!('refused' in (await disableUser(world.env, { id: ana.id, actor, reason: 'left' }))));
    assert.doesNotMatch((await signInAlone(world.person(), device)).text, /data-passkey-signal/);
  });
});

test('a person of an archived partner is not signed in by a passkey', async (t) => {
  const { world, ana, device, partnerId } = await openWithBoth(t);
  assert.ok(!('refused' in (await archivePartner(world.env, actor, partnerId))));
  assert.equal((await signInAlone(world.person(), device)).status, 422);
  assert.equal(await sessionsOf(world, ana.id), 0);
  assert.ok(!('refused' in (await restorePartner(world.env, actor, partnerId))));
  assert.equal((await signInAlone(world.person(), device)).location, '/');
});

describe('after a password reset by mail', () => {
  async function reset(t: Parameters<typeof openWithBoth>[0]) {
    const story = await openWithBoth(t, phone(), { environment: { SALLYPORT_RESET_FREEZE_HOURS: '24' } });
    const { world, device } = story;
    await world.person().post('/forgot-password', { email: ANA });
    const [mail] = await world.mail();
    const path = new URL(mail?.link ?? '').pathname;
    assert.equal((await world.person().post(path, { password: NEW_PASSWORD })).status, 303);
    world.clock.at += 60;
    const browser = world.person();
    await browser.signIn(ANA, NEW_PASSWORD);
    assert.equal((await givePasskey(browser, device)).location, '/', 'it still signs in');
    return { ...story, browser };
  }

  it('no passkey is added or removed for a day', async (t) => {
    const { world, ana, browser } = await reset(t);
    const page = '/security/authenticators/passkey';
    const [passkey] = await passkeysOf(world, ana.id);
    const list = plain((await browser.get('/security/authenticators')).text);
    assert.match(list, /You set your password with an emailed link/);
    assert.equal((await sendUnoffered(browser, '/security', `${page}/options`)).status, 403);
    await sendUnoffered(browser, '/security', `/security/authenticators/${passkey?.id}/remove`);
    assert.equal((await passkeysOf(world, ana.id)).length, 1);
  });

  it('a passkey whose options were made before the reset is not added after it', async (t) => {
    const { world, ana, browser } = await openWithBoth(t, phone(), {
      environment: { SALLYPORT_RESET_FREEZE_HOURS: '24' },
    });
    await prove(world, ana.id);
    const page = '/security/authenticators/passkey';
    const options = await optionsFrom(browser, page, `${page}/options`);
    await world.env.db.transaction((tx) =>
      tx.updateTable('users').set({ password_reset_at: world.clock.at }).execute(),
    );
    const credential = JSON.stringify(phone().register(options));
    const sent = await sendUnoffered(browser, '/security', page, { credential });
    assert.equal(sent.status, 403);
    assert.equal((await passkeysOf(world, ana.id)).length, 1);
  });
});

async function prove(world: World, userId: string): Promise<void> {
  await world.env.db.transaction((tx) =>
    tx.updateTable('sessions').set({ step_up_at: world.clock.at }).where('user_id', '=', userId).execute(),
  );
}

test('a lost device is answered by a recovery code and another passkey', async (t) => {
  const { world, ana, codes } = await openWithPasskeyOnly(t);
  const browser = world.person();
  await browser.signIn(ANA);
  assert.match((await browser.get('/sign-in/passkey')).text, /Lost the device with your passkey\?/);
  assert.equal((await browser.get('/sign-in/lost')).status, 200);
  await browser.get('/sign-in/recovery-code');
  assert.equal((await browser.post('/sign-in/recovery-code', { code: codes[0] ?? '' })).location, '/sign-in/notice');
  const notice = (await browser.get('/sign-in/notice')).text;
  const way = /href="(\/security\/authenticators?)"/.exec(notice)?.[1] ?? '';
  const led = await browser.get(way);
  assert.ok(led.status === 200 || led.location === '/security/authenticators', `${way}: ${led.status} ${led.location}`);
  const device = phone();
  assert.equal((await addPasskey(browser, device, { name: 'New phone' })).location, '/security');
  assert.equal((await signInAlone(world.person(), device)).location, '/');
  assert.equal((await passkeysOf(world, ana.id)).length, 2);
});

test('challenges that are over are deleted with the housekeeping', async (t) => {
  const { world } = await openWithBoth(t);
  const count = async () => (await world.env.db.read.selectFrom('passkey_challenges').select('id').execute()).length;
  await optionsFrom(world.person(), '/sign-in', `${ALONE}/options`);
  assert.equal(await count(), 1);
  world.clock.at += 5 * 60 + 1;
  await tidy(world.env);
  assert.equal(await count(), 0);
});
