import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ANA, plain } from '../../story.ts';
import type { World } from '../../world.ts';
import { countersUnder, eventsOf, openWithBoth, openWithPasskeyOnly } from './passkey-people.ts';
import { givePasskey, optionsFrom, passkeysOf, phone, sendForm, signInAlone } from './passkey-story.ts';

const BAD = { signature: 'flipped-bit' } as const;
const PER_DAY = 30;
const ALONE = '/sign-in/passkey/alone';

/** Refused tries after the password, four to a sign-in, each sign-in from its own address. */
async function fail(world: World, device: ReturnType<typeof phone>, times: number): Promise<number[]> {
  const statuses: number[] = [];
  let browser = world.person();
  for (let tried = 0; tried < times; tried++) {
    if (tried % 4 === 0) {
      browser = world.person(`198.51.100.${1 + tried}`);
      await browser.signIn(ANA);
    }
    statuses.push((await givePasskey(browser, device, BAD)).status);
  }
  return statuses;
}

describe('refused answers of a passkey', () => {
  it('are thirty a day for all unknown browsers, then the page says how long to wait', async (t) => {
    const { world, device } = await openWithBoth(t);
    assert.deepEqual(await fail(world, device, PER_DAY), Array(PER_DAY).fill(422));
    const browser = world.person('203.0.113.77');
    await browser.signIn(ANA);
    const refused = await givePasskey(browser, device);
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers.get('retry-after')) > 0);
    assert.equal((await signInAlone(world.person('203.0.113.78'), device)).status, 429);
    world.clock.at += 25 * 3600;
    assert.equal((await signInAlone(world.person('203.0.113.78'), device)).location, '/');
  });

  it('leave the budget of codes alone, and codes leave theirs', async (t) => {
    const { world, device, secret } = await openWithBoth(t);
    await fail(world, device, PER_DAY);
    assert.deepEqual(await countersUnder(world, 'code:'), []);
    const browser = world.person('203.0.113.79');
    await browser.signIn(ANA);
    assert.equal((await browser.post('/sign-in/one-time-code', { code: world.totp(secret) })).location, '/');
  });

  it('of others do not slow down a browser that this person has used', async (t) => {
    const { world, device, browser } = await openWithBoth(t);
    await browser.get('/security');
    await browser.post('/sign-out');
    await fail(world, device, PER_DAY);
    await browser.signIn(ANA);
    assert.equal((await givePasskey(browser, device)).location, '/');
  });

  it('use up the tries of their sign-in: five', async (t) => {
    const { world, device } = await openWithBoth(t);
    const browser = world.person();
    await browser.signIn(ANA);
    for (let tried = 0; tried < 5; tried++) assert.equal((await givePasskey(browser, device, BAD)).status, 422);
    assert.equal((await givePasskey(browser, device)).status, 429);
    const again = world.person();
    await again.signIn(ANA);
    assert.equal((await givePasskey(again, device)).location, '/', 'a new sign-in has five again');
  });

  it('warn the person by mail, once an hour', async (t) => {
    const { world, device } = await openWithBoth(t);
    await fail(world, device, 3);
    const mails = (await world.mail()).filter(({ kind }) => kind === 'wrong_code');
    assert.equal(mails.length, 1);
  });

  it('are forgotten after a right one', async (t) => {
    const { world, ana, device } = await openWithBoth(t);
    await fail(world, device, 5);
    assert.equal((await signInAlone(world.person('203.0.113.80'), device)).location, '/');
    assert.equal((await countersUnder(world, `passkey:${ana.id}`)).length, 1, 'what was refused stays counted');
  });
});

describe('a stranger', () => {
  it('whose passkey nobody has uses up tries of their address, and of no person', async (t) => {
    const { world, device } = await openWithBoth(t);
    const stranger = phone();
    const address = '203.0.113.5';
    const browser = world.person(address);
    const options = await optionsFrom(browser, '/sign-in', `${ALONE}/options`);
    stranger.register({
      rp: { id: options.rpId, name: 'x' },
      user: { id: 'AAAA', name: 'x', displayName: 'x' },
      challenge: options.challenge,
      pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
      authenticatorSelection: { residentKey: 'required' },
    });
    const statuses = new Set<number>();
    for (let tried = 0; tried < 31; tried++) statuses.add((await signInAlone(browser, stranger)).status);
    assert.deepEqual([...statuses], [422, 429]);
    assert.deepEqual(await countersUnder(world, 'passkey:'), []);
    assert.equal((await signInAlone(world.person(), device)).location, '/', 'others are not slowed down');
    const events = await eventsOf(world, 'sign_in.passkey_refused');
    assert.ok(events.length <= 31);
    assert.deepEqual([events[0]?.subject, events[0]?.detail.fault], [null, 'unknown_passkey']);
  });

  it('gets 180 challenges in ten minutes from one address', async (t) => {
    const { world } = await openWithBoth(t);
    const browser = world.person('203.0.113.6');
    const { text } = await browser.get('/sign-in');
    const statuses: number[] = [];
    for (let asked = 0; asked < 181; asked++)
      statuses.push((await sendForm(browser, text, `${ALONE}/options`, {})).status);
    assert.deepEqual([statuses.filter((status) => status === 200).length, statuses.at(-1)], [180, 429]);
    assert.equal(
      (await sendForm(world.person(), text, `${ALONE}/options`, {})).status,
      403,
      'a token of another browser',
    );
  });
});

it('a person without an app who has no tries left keeps the recovery codes', async (t) => {
  const { world, ana, device, codes } = await openWithPasskeyOnly(t);
  await fail(world, device, PER_DAY);
  const browser = world.person('203.0.113.81');
  await browser.signIn(ANA);
  const refused = await givePasskey(browser, device);
  assert.equal(refused.status, 429);
  assert.match(plain(refused.text), /recovery code/);
  assert.equal((await browser.post('/sign-in/recovery-code', { code: codes[0] ?? '' })).status, 303);
  assert.equal((await passkeysOf(world, ana.id)).length, 1);
});
