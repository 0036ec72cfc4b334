import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ANA, refusalOn, sendUnoffered } from '../../story.ts';
import type { Person } from '../../world.ts';
import { addBen, BEN, lastEvents, openWithBoth, sessionsOf } from './passkey-people.ts';
import { amrOf, givePasskey, optionsFrom, passkeysOf, phone, sendForm, signInAlone } from './passkey-story.ts';

const ALONE = '/sign-in/passkey/alone';
const SECOND = '/sign-in/passkey';
const STEP_UP = '/step-up/passkey';
const OVER = /took too long|again/;

/** The answer of a device, and the form that it goes to. */
async function answerAlone(browser: Person, device: ReturnType<typeof phone>) {
  return JSON.stringify(device.authenticate(await optionsFrom(browser, '/sign-in', `${ALONE}/options`)));
}

async function answerAfterPassword(browser: Person, device: ReturnType<typeof phone>, email = ANA) {
  await browser.signIn(email);
  return JSON.stringify(device.authenticate(await optionsFrom(browser, SECOND, `${SECOND}/options`)));
}

async function sendAlone(browser: Person, credential: string) {
  return sendForm(browser, (await browser.get('/sign-in')).text, ALONE, { credential });
}

async function sendSecond(browser: Person, credential: string) {
  return sendForm(browser, (await browser.get(SECOND)).text, SECOND, { credential });
}

describe('a challenge', () => {
  it('is signed once: the same answer opens no second session', async (t) => {
    const { world, ana, device } = await openWithBoth(t);
    const [browser, thief] = [world.person(), world.person()];
    const credential = await answerAlone(browser, device);
    // Both have the cookie that the challenge is bound to.
    for (const [name, value] of browser.cookies) thief.cookies.set(name, value);
    assert.equal((await sendAlone(browser, credential)).location, '/');
    const before = await sessionsOf(world, ana.id);
    const again = await sendAlone(thief, credential);
    assert.equal(again.status, 422);
    assert.match(refusalOn(again.text), OVER);
    assert.equal(await sessionsOf(world, ana.id), before);
  });

  it('is spent by a failed answer too', async (t) => {
    const { world, device } = await openWithBoth(t);
    const browser = world.person();
    const options = await optionsFrom(browser, '/sign-in', `${ALONE}/options`);
    const bad = JSON.stringify(device.authenticate(options, { signature: 'flipped-bit' }));
    assert.match(refusalOn((await sendAlone(browser, bad)).text), /This passkey didn’t work/);
    const good = JSON.stringify(device.authenticate(options));
    assert.match(refusalOn((await sendAlone(browser, good)).text), OVER);
  });

  it('is over after five minutes, to the second', async (t) => {
    const { world, device } = await openWithBoth(t);
    const [early, late] = [world.person(), world.person()];
    const credential = await answerAlone(early, device);
    const other = await answerAlone(late, device);
    world.clock.at += 5 * 60 - 1;
    assert.equal((await sendAlone(early, credential)).location, '/');
    world.clock.at += 1;
    assert.equal((await sendAlone(late, other)).status, 422);
  });

  it('of another browser is not accepted', async (t) => {
    const { world, ana, device } = await openWithBoth(t);
    const before = await sessionsOf(world, ana.id);
    const credential = await answerAlone(world.person(), device);
    assert.equal((await sendAlone(world.person(), credential)).status, 422);
    const victim = world.person();
    const second = await answerAfterPassword(victim, device);
    const thief = world.person();
    await thief.signIn(ANA);
    assert.equal((await sendSecond(thief, second)).status, 422);
    assert.equal(await sessionsOf(world, ana.id), before);
    assert.equal((await sendSecond(victim, second)).location, '/', 'where it belongs it still works');
  });

  it('of another pending sign-in in the same browser is not accepted', async (t) => {
    const { world, ana, device } = await openWithBoth(t);
    const browser = world.person();
    const credential = await answerAfterPassword(browser, device);
    const pending = '__Host-sallyport-pending';
    browser.cookies.delete(pending);
    await browser.signIn(ANA);
    const before = await sessionsOf(world, ana.id);
    assert.equal((await sendSecond(browser, credential)).status, 422);
    assert.equal(await sessionsOf(world, ana.id), before);
  });

  it('of another step of the sign-in, in the same browser, is not accepted', async (t) => {
    const { world, ana, device, browser } = await openWithBoth(t);
    const visitor = world.person();
    const alone = await answerAlone(visitor, device);
    const second = await answerAfterPassword(visitor, device);
    const stepUp = JSON.stringify(device.authenticate(await optionsFrom(browser, STEP_UP, `${STEP_UP}/options`)));
    const before = await sessionsOf(world, ana.id);
    for (const credential of [alone, stepUp]) {
      assert.equal((await sendSecond(visitor, credential)).status, 422);
    }
    for (const credential of [second, stepUp]) assert.equal((await sendAlone(visitor, credential)).status, 422);
    for (const credential of [alone, second]) {
      const sent = await sendForm(browser, (await browser.get(STEP_UP)).text, STEP_UP, { credential });
      assert.equal(sent.status, 422);
    }
    assert.equal(await sessionsOf(world, ana.id), before);
  });

  it('of another session is not accepted at a step-up', async (t) => {
    const { world, browser, device } = await openWithBoth(t);
    const elsewhere = world.person();
    await signInAlone(elsewhere, device);
    const options = await optionsFrom(browser, STEP_UP, `${STEP_UP}/options`);
    const credential = JSON.stringify(device.authenticate(options));
    const sent = await sendForm(elsewhere, (await elsewhere.get(STEP_UP)).text, STEP_UP, { credential });
    assert.equal(sent.status, 422);
    const own = await sendForm(browser, (await browser.get(STEP_UP)).text, STEP_UP, { credential });
    assert.equal(own.location, '/security');
  });

  it('of the registration of a passkey opens nothing', async (t) => {
    const { world, ana, browser, device } = await openWithBoth(t);
    const page = '/security/authenticators/passkey';
    const { challenge } = await optionsFrom(browser, page, `${page}/options`);
    const before = await sessionsOf(world, ana.id);
    const credential = JSON.stringify(device.authenticate({ challenge, rpId: 'sign-in.example.com' }));
    assert.equal((await sendUnoffered(browser, '/security', ALONE, { credential })).status, 422);
    assert.equal(await sessionsOf(world, ana.id), before);
  });

  it('of another purpose in the same session is not accepted', async (t) => {
    const { world, ana, browser, device } = await openWithBoth(t);
    await world.env.db.transaction((tx) => tx.updateTable('sessions').set({ step_up_at: world.clock.at }).execute());
    const page = '/security/authenticators/passkey';
    const creation = await optionsFrom(browser, page, `${page}/options`);
    const used = JSON.stringify(device.authenticate({ challenge: creation.challenge, rpId: creation.rp.id ?? '' }));
    const stepUp = await sendForm(browser, (await browser.get(STEP_UP)).text, STEP_UP, { credential: used });
    assert.equal(stepUp.status, 422);
    const { challenge } = await optionsFrom(browser, STEP_UP, `${STEP_UP}/options`);
    const made = JSON.stringify(phone().register({ ...creation, challenge }));
    assert.equal((await sendForm(browser, (await browser.get(page)).text, page, { credential: made })).status, 422);
    assert.equal((await passkeysOf(world, ana.id)).length, 1);
  });

  it('waits in five tabs of a sign-in, and the sixth ends the first', async (t) => {
    const { world, device } = await openWithBoth(t);
    const browser = world.person();
    await browser.signIn(ANA);
    const answers: string[] = [];
    for (let tab = 0; tab < 6; tab++) {
      const options = await optionsFrom(browser, SECOND, `${SECOND}/options`);
      answers.push(JSON.stringify(device.authenticate(options)));
    }
    assert.equal((await sendSecond(browser, answers[0] ?? '')).status, 422);
    assert.equal((await sendSecond(browser, answers[1] ?? '')).location, '/');
  });
});

describe("another person's passkey", () => {
  it('does not finish the sign-in of this password', async (t) => {
    const { world, ana, device } = await openWithBoth(t);
    const bens = phone();
    await addBen(world, bens);
    const browser = world.person();
    await browser.signIn(ANA);
    const before = await sessionsOf(world, ana.id);
    const refused = await givePasskey(browser, bens, { ignoresOptions: true });
    assert.equal(refused.status, 422);
    assert.equal(await sessionsOf(world, ana.id), before);
    const [event] = await lastEvents(world, 1);
    assert.deepEqual([event?.action, event?.subject], ['sign_in.passkey_refused', ana.id]);
    assert.equal(event?.detail.fault, 'unknown_passkey');
    assert.equal((await givePasskey(browser, device)).location, '/');
  });

  it('with the handle of this person opens neither account', async (t) => {
    const { world, ana, device } = await openWithBoth(t);
    const bens = phone();
    const { ben } = await addBen(world, bens);
    const handle = device.credentials[0]?.userHandle ?? '';
    const counts = async () => [await sessionsOf(world, ana.id), await sessionsOf(world, ben.id)];
    const before = await counts();
    const refused = await signInAlone(world.person(), bens, { userHandle: handle });
    assert.equal(refused.status, 422);
    assert.equal((await lastEvents(world, 1))[0]?.detail.fault, 'wrong_user');
    assert.equal(
      (await signInAlone(world.person(), bens, { userHandle: null })).status,
      422,
      'alone it must name its user',
    );
    assert.deepEqual(await counts(), before);
  });

  it('signs in its own owner, also in a browser where somebody else has typed a password', async (t) => {
    const { world } = await openWithBoth(t);
    const bens = phone();
    const { ben } = await addBen(world, bens);
    const browser = world.person();
    await browser.signIn(ANA);
    assert.equal((await signInAlone(browser, bens)).location, '/');
    assert.match((await browser.get('/security')).text, new RegExp(BEN));
    assert.equal(await amrOf(world, ben.id), 'swk user mfa');
  });
});
