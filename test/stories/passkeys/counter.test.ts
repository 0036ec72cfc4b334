import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ANA, sendUnoffered } from '../../story.ts';
import { eventsOf, lastEvents, openWithBoth, sessionsOf } from './passkey-people.ts';
import { addPasskey, optionsFrom, passkeysOf, phone, securityKey, sendForm, signInAlone } from './passkey-story.ts';

describe('the signature counter of a passkey', () => {
  it('that goes back on a key bound to its device is refused, and is an event', async (t) => {
    const { world, ana, device } = await openWithBoth(t, securityKey({ counter: 40 }));
    assert.equal((await signInAlone(world.person(), device)).location, '/');
    const before = await sessionsOf(world, ana.id);
    for (const counter of [41, 5, 0]) {
      assert.equal((await signInAlone(world.person(), device, { counter })).status, 422, `${counter}`);
    }
    assert.equal(await sessionsOf(world, ana.id), before);
    const events = await eventsOf(world, 'passkey.counter_went_back');
    assert.deepEqual(
      events.map(({ subject, detail }) => [subject, detail.accepted]),
      Array(3).fill([ana.id, false]),
    );
    assert.equal((await lastEvents(world, 1))[0]?.detail.fault, 'counter_went_back');
    assert.equal(
      (await signInAlone(world.person(), device, { counter: 90 })).location,
      '/',
      'the key itself still works',
    );
  });

  it('that goes back on a synced key is an event alone', async (t) => {
    const { world, device } = await openWithBoth(t, phone());
    assert.equal((await signInAlone(world.person(), device, { counter: 7 })).location, '/');
    assert.equal((await signInAlone(world.person(), device, { counter: 3 })).location, '/');
    const events = await eventsOf(world, 'passkey.counter_went_back');
    assert.deepEqual(
      events.map(({ detail }) => detail.accepted),
      [true],
    );
    assert.equal((await signInAlone(world.person(), device, { counter: 3 })).location, '/');
    assert.equal(
      (await eventsOf(world, 'passkey.counter_went_back')).length,
      2,
      'one that stays is one that goes back',
    );
  });

  it('that is always zero says nothing', async (t) => {
    const { world, device } = await openWithBoth(t, securityKey({ counter: false }));
    for (let use = 0; use < 3; use++) assert.equal((await signInAlone(world.person(), device)).location, '/');
    assert.deepEqual(await eventsOf(world, 'passkey.counter_went_back'), []);
  });

  it('is stored with each use', async (t) => {
    const { world, ana, device } = await openWithBoth(t, securityKey({ counter: 10 }));
    await signInAlone(world.person(), device);
    const [after] = await passkeysOf(world, ana.id);
    assert.equal(Number(after?.counter), device.credentials[0]?.signCount);
  });
});

describe('the backup state of a passkey', () => {
  it('may change with each use', async (t) => {
    const { world, ana, device } = await openWithBoth(t, phone());
    assert.equal((await signInAlone(world.person(), device, { backupState: false })).location, '/');
    assert.equal(Number((await passkeysOf(world, ana.id))[0]?.backed_up), 0);
    assert.equal((await signInAlone(world.person(), device)).location, '/');
    assert.equal(Number((await passkeysOf(world, ana.id))[0]?.backed_up), 1);
  });

  it('says whether a key can be copied once and for all', async (t) => {
    const { world, ana, device } = await openWithBoth(t, securityKey());
    const before = await sessionsOf(world, ana.id);
    const flags = { backupEligible: true, backupState: true };
    assert.equal((await signInAlone(world.person(), device, flags)).status, 422);
    assert.equal((await lastEvents(world, 1))[0]?.detail.fault, 'changed_passkey');
    assert.equal(await sessionsOf(world, ana.id), before);
  });
});

describe('a credential id', () => {
  it('of another person is not registered a second time', async (t) => {
    const { world, ana, browser, device } = await openWithBoth(t);
    const taken = Buffer.from(device.credentials[0]?.id ?? '', 'base64url');
    const partner = await world.addPartner({ slug: 'bolt', policy: 'optional' });
    const mallory = await world.addUser({ email: 'mallory@bolt.example', partnerId: partner.id });
    const secret = await world.addAuthenticator(mallory.id);
    const thief = world.person();
    await thief.signIn(mallory.email);
    await thief.post('/sign-in/one-time-code', { code: world.totp(secret) });
    const refused = await addPasskey(thief, phone(), { overrides: { credentialId: taken } });
    assert.equal(refused.status, 422);
    const event = (await eventsOf(world, 'enrollment.passkey_refused'))[0];
    assert.deepEqual([event?.subject, event?.detail.fault], [mallory.id, 'duplicate']);
    assert.deepEqual(await passkeysOf(world, mallory.id), []);
    assert.equal((await passkeysOf(world, ana.id)).length, 1);
    assert.equal((await signInAlone(world.person(), device)).location, '/');
    assert.equal((await thief.get('/security')).status, 200, 'nothing of the refused act stays');
    assert.equal((await browser.get('/security')).status, 200);
  });

  it('of the same person neither', async (t) => {
    const { world, ana, browser, device } = await openWithBoth(t);
    const taken = Buffer.from(device.credentials[0]?.id ?? '', 'base64url');
    await world.env.db.transaction((tx) => tx.updateTable('sessions').set({ step_up_at: world.clock.at }).execute());
    const refused = await addPasskey(browser, phone(), { overrides: { credentialId: taken } });
    assert.equal(refused.status, 422);
    assert.equal((await passkeysOf(world, ana.id)).length, 1);
  });
});

it('a passkey removed between options and answer does not sign in', async (t) => {
  const { world, ana, browser, device } = await openWithBoth(t);
  const [passkey] = await passkeysOf(world, ana.id);
  const page = `/security/authenticators/${passkey?.id}`;
  const [alone, second] = [world.person(), world.person()];
  await second.signIn(ANA);
  const before = await sessionsOf(world, ana.id);
  const first = await optionsFrom(alone, '/sign-in', '/sign-in/passkey/alone/options');
  const after = await optionsFrom(second, '/sign-in/passkey', '/sign-in/passkey/options');
  const secondPage = (await second.get('/sign-in/passkey')).text;
  assert.equal((await sendUnoffered(browser, page, `${page}/remove`)).location, '/security');
  const credential = JSON.stringify(device.authenticate(first));
  const sent = await sendForm(alone, (await alone.get('/sign-in')).text, '/sign-in/passkey/alone', { credential });
  assert.equal(sent.status, 422);
  const other = JSON.stringify(device.authenticate(after));
  const late = await sendForm(second, secondPage, '/sign-in/passkey', { credential: other });
  assert.notEqual(late.location, '/', 'its sign-in ended with the change');
  assert.equal(await sessionsOf(world, ana.id), before);
});
