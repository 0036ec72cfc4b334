import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_AUTHENTICATORS } from '#core/authenticators/factors.ts';
import {
  ANA,
  headingOn,
  openWithEnrolledAna,
  plain,
  refusalOn,
  secretOn,
  sendUnoffered,
  signInFully,
} from '../../story.ts';
import type { Person, World } from '../../world.ts';
import { addBen, eventsOf, mailKinds, openWithBoth, openWithPasskeyOnly, sessionsOf } from './passkey-people.ts';
import { addPasskey, givePasskey, passkeysOf, phone, securityKey, signInAlone } from './passkey-story.ts';

const LIST = '/security/authenticators';
/** In the public list of models. */
const ICLOUD_KEYCHAIN = 'fbfc3007-154e-4ecc-8c0b-6e020557d7bd';

async function namesOf(world: World): Promise<(string | null)[]> {
  const rows = world.env.db.read.selectFrom('authenticators').select('name').where('kind', '=', 'passkey');
  return (await rows.orderBy('id').execute()).map(({ name }) => name);
}

async function pageOfPasskey(world: World, userId: string): Promise<string> {
  const [passkey] = await passkeysOf(world, userId);
  return `${LIST}/${passkey?.id}`;
}

async function isSignedIn(browser: Person): Promise<boolean> {
  return (await browser.get('/security')).status === 200;
}

describe('another passkey', () => {
  it('keeps the app and the codes, ends other sessions, says how many and sends a mail', async (t) => {
    const { world, browser, secret, codes, ana } = await openWithEnrolledAna(t, { policy: 'required' });
    const elsewhere = world.person();
    await signInFully(world, elsewhere, secret);
    const device = securityKey();
    assert.equal((await addPasskey(browser, device)).location, '/security');
    const { text } = await browser.get('/security');
    assert.match(
      plain(text),
      /Your passkey is set up\. Your other authenticators keep working\. 1 other session was ended/,
    );
    assert.equal(await isSignedIn(elsewhere), false);
    assert.equal((await mailKinds(world))[0], 'passkey_added');
    assert.equal((await eventsOf(world, 'passkey.enrolled'))[0]?.detail.synced, false);
    const byApp = world.person();
    assert.equal((await byApp.signIn(ANA)).location, '/sign-in/passkey', 'the newest is offered first');
    assert.equal((await byApp.post('/sign-in/one-time-code', { code: world.totp(secret) })).location, '/');
    const byCode = world.person();
    await byCode.signIn(ANA);
    assert.equal((await byCode.post('/sign-in/recovery-code', { code: codes[0] ?? '' })).status, 303);
    assert.equal((await signInAlone(world.person(), device)).location, '/');
    assert.equal((await passkeysOf(world, ana.id)).length, 1);
  });

  it('is named after its model, if it is in the public list, or as the person likes', async (t) => {
    const { world, browser } = await openWithEnrolledAna(t);
    assert.equal((await addPasskey(browser, phone({ aaguid: ICLOUD_KEYCHAIN }))).location, '/security');
    assert.equal((await addPasskey(browser, securityKey())).location, '/security');
    assert.equal((await addPasskey(browser, securityKey(), { name: ' Blue  key ' })).location, '/security');
    const [model, none, own] = await namesOf(world);
    assert.match(model ?? '', /iCloud Keychain|Apple/);
    assert.deepEqual([none, own], [null, 'Blue key']);
    const text = plain((await browser.get(LIST)).text);
    assert.match(text, /Passkey, synced between devices/);
    assert.match(text, /Passkey on one device/);
    assert.match(text, /Blue key/);
  });

  it('is refused with a name that is none, and the form comes back with it', async (t) => {
    const { browser } = await openWithEnrolledAna(t);
    const page = `${LIST}/passkey`;
    for (const name of ['x'.repeat(65), 'two\nlines']) {
      const sent = await sendUnoffered(browser, page, page, { name, credential: '{}' });
      assert.equal(sent.status, 400, name);
      assert.match(refusalOn(sent.text), /1 to 64 characters/);
      assert.equal((await sendUnoffered(browser, page, `${page}/options`, { name })).status, 400);
    }
  });

  it('of the same device is not created twice', async (t) => {
    const { browser, device } = await openWithBoth(t);
    await assert.rejects(addPasskey(browser, device), { name: 'InvalidStateError' });
  });

  it('asks for a proof first', async (t) => {
    const { world, browser } = await openWithEnrolledAna(t);
    world.clock.at += 5 * 60;
    const page = `${LIST}/passkey`;
    assert.equal((await browser.get(page)).location, '/step-up');
    for (const path of [page, `${page}/options`]) {
      const sent = await sendUnoffered(browser, '/security', path);
      assert.deepEqual([sent.status, headingOn(sent.text)], [403, 'Please confirm it’s you'], path);
    }
  });

  it('is possible up to ten authenticators of all kinds, three apps among them', async (t) => {
    const { world, ana, browser } = await openWithEnrolledAna(t);
    const passkeys = MAX_AUTHENTICATORS - 1;
    for (let number = 1; number <= passkeys; number++) {
      world.clock.at += 40;
      await prove(world, ana.id);
      assert.equal((await addPasskey(browser, phone(), { name: `${number}` })).location, '/security', `${number}`);
    }
    assert.equal((await passkeysOf(world, ana.id)).length, passkeys);
    assert.match(plain((await browser.get(LIST)).text), /ten authenticators|10 authenticators/);
    assert.equal((await browser.get(`${LIST}/add`)).location, LIST);
    const full = await addPasskey(browser, phone());
    assert.equal(full.status, 403);
    assert.equal((await passkeysOf(world, ana.id)).length, passkeys);
  });

  it('leaves room for three apps', async (t) => {
    const { world, ana, browser } = await openWithBoth(t);
    for (const number of [2, 3]) {
      await prove(world, ana.id);
      await browser.get(`${LIST}/add`);
      await browser.post(`${LIST}/add/start`, { name: `${number}` });
      const secret = secretOn((await browser.get(`${LIST}/add`)).text);
      assert.equal((await browser.post(`${LIST}/add`, { code: world.totp(secret) })).location, '/security');
      world.clock.at += 30;
    }
    const text = (await browser.get(`${LIST}/add`)).text;
    assert.match(text, /authenticators\/passkey"/);
    assert.doesNotMatch(text, /add\/start"/, 'no fourth app');
  });
});

/** As after a step-up just now. */
async function prove(world: World, userId: string): Promise<void> {
  await world.env.db.transaction((tx) =>
    tx.updateTable('sessions').set({ step_up_at: world.clock.at }).where('user_id', '=', userId).execute(),
  );
}

describe('another name for a passkey', () => {
  it('is kept, with an event and nothing ended', async (t) => {
    const { world, ana, browser, device } = await openWithBoth(t);
    const elsewhere = world.person();
    await signInAlone(elsewhere, device);
    const page = await pageOfPasskey(world, ana.id);
    await browser.get(page);
    assert.equal((await browser.post(page, { name: 'My  old phone' })).location, LIST);
    assert.deepEqual(await namesOf(world), ['My old phone']);
    assert.equal(await isSignedIn(elsewhere), true);
    assert.deepEqual((await eventsOf(world, 'authenticator.renamed'))[0]?.detail, {
      authenticatorId: page.split('/').at(-1),
    });
  });
});

describe('removing a passkey', () => {
  it('ends it and other sessions at once; the app and the codes stay', async (t) => {
    const { world, ana, browser, device, secret } = await openWithBoth(t);
    const elsewhere = world.person();
    await signInAlone(elsewhere, device);
    const page = await pageOfPasskey(world, ana.id);
    await browser.get(page);
    assert.equal((await browser.post(`${page}/remove`)).location, '/security');
    assert.match(plain((await browser.get('/security')).text), /passkey was removed.*1 other session was ended/);
    assert.equal(await isSignedIn(elsewhere), false);
    assert.equal((await mailKinds(world))[0], 'passkey_removed');
    assert.equal((await eventsOf(world, 'passkey.removed')).length, 1);
    assert.equal((await signInAlone(world.person(), device)).status, 422);
    const { location } = await world.person().signIn(ANA);
    assert.equal(location, '/sign-in/one-time-code', 'not asked for any more');
    await signInFully(world, world.person(), secret);
    assert.deepEqual(await passkeysOf(world, ana.id), []);
  });

  it('needs a step-up', async (t) => {
    const { world, ana, browser } = await openWithBoth(t);
    const page = await pageOfPasskey(world, ana.id);
    world.clock.at += 5 * 60;
    const sent = await sendUnoffered(browser, '/security', `${page}/remove`);
    assert.deepEqual([sent.status, headingOn(sent.text)], [403, 'Please confirm it’s you']);
    assert.equal((await passkeysOf(world, ana.id)).length, 1);
  });

  it('is refused for the last authenticator while the policy requires one', async (t) => {
    const { world, ana, browser } = await openWithPasskeyOnly(t);
    const page = await pageOfPasskey(world, ana.id);
    const { text } = await browser.get(page);
    assert.match(plain(text), /Acme Telecom requires two-factor authentication/);
    assert.doesNotMatch(text, /\/remove"/);
    assert.equal((await sendUnoffered(browser, page, `${page}/remove`)).status, 403);
    assert.equal((await passkeysOf(world, ana.id)).length, 1);
  });

  it('takes the recovery codes along with the last one, where the policy leaves it to the person', async (t) => {
    const { world, ana, browser } = await openWithPasskeyOnly(t, phone(), { policy: 'optional' });
    const page = await pageOfPasskey(world, ana.id);
    await browser.get(page);
    assert.equal((await browser.post(`${page}/remove`)).location, '/security');
    assert.match(plain((await browser.get('/security')).text), /authentication is off/);
    assert.deepEqual(await world.env.db.read.selectFrom('recovery_codes').select('id').execute(), []);
    assert.equal((await mailKinds(world))[0], 'authenticator_removed');
  });

  it('of somebody else does nothing', async (t) => {
    const { world, browser } = await openWithBoth(t);
    const { ben } = await addBen(world, phone());
    const page = await pageOfPasskey(world, ben.id);
    assert.equal((await browser.get(page)).location, LIST);
    assert.equal((await sendUnoffered(browser, LIST, `${page}/remove`)).location, LIST);
    assert.equal((await passkeysOf(world, ben.id)).length, 1);
  });
});

it('a session of the removed passkey that stays is the one that removed it', async (t) => {
  const { world, ana, device, browser } = await openWithBoth(t);
  await givePasskey(await signedOut(browser), device);
  const page = await pageOfPasskey(world, ana.id);
  await browser.get(page);
  await browser.post(`${page}/remove`);
  assert.equal(await isSignedIn(browser), true);
  assert.equal(await sessionsOf(world, ana.id), 1);
});

async function signedOut(browser: Person): Promise<Person> {
  await browser.get('/security');
  await browser.post('/sign-out');
  await browser.signIn(ANA);
  return browser;
}
