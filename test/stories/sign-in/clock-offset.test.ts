import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ANA, openWithEnrolledAna, pendingToken, refusalOn } from '../../story.ts';
import type { World } from '../../world.ts';

describe('two clocks that differ', () => {
  it('are told after two codes that agree: phone minus server, a multiple of 30', async (t) => {
    for (const steps of [-6, -3, 4, 20]) {
      const { world, secret } = await openWithEnrolledAna(t);
      world.clock.at += 30 * 30;
      const first = await answerTo(world, world.totp(secret, steps));
      assert.equal(first.body.clockOffsetSeconds, undefined, 'one code proves nothing');
      assert.equal(first.body.code, steps < 0 ? 'code_expired' : 'code_incorrect');
      world.clock.at += 30;
      const second = await answerTo(world, world.totp(secret, steps));
      assert.equal(second.body.clockOffsetSeconds, steps * 30);
      assert.equal(second.body.code, first.body.code);
    }
  });

  it('agree within one step, and the answer is the offset of the second code', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    world.clock.at += 30 * 30;
    await answerTo(world, world.totp(secret, -6));
    world.clock.at += 60;
    assert.equal((await answerTo(world, world.totp(secret, -7))).body.clockOffsetSeconds, -210);
  });

  it('are not told by one code twice, by codes that disagree, or after more than ten minutes', async (t) => {
    const stories: readonly [name: string, later: number, first: number, second: number][] = [
      ['the same code', 0, -4, -4],
      ['offsets two steps apart', 30, -4, -6],
      ['ten minutes and a second', 601, -4, -4],
    ];
    for (const [name, later, first, second] of stories) {
      const { world, secret } = await openWithEnrolledAna(t);
      world.clock.at += 30 * 40;
      await answerTo(world, world.totp(secret, first));
      world.clock.at += later;
      const { body } = await answerTo(world, world.totp(secret, second));
      assert.equal(body.clockOffsetSeconds, undefined, name);
    }
  });

  it('are forgotten once a code is accepted', async (t) => {
    const { world, secret } = await openWithEnrolledAna(t);
    world.clock.at += 30 * 30;
    await answerTo(world, world.totp(secret, -6));
    await answerTo(world, world.totp(secret));
    world.clock.at += 30;
    assert.equal((await answerTo(world, world.totp(secret, -6))).body.clockOffsetSeconds, undefined);
  });

  it('are told on the page in minutes, with the direction and what to do', async (t) => {
    const { world, secret, browser } = await openWithEnrolledAna(t);
    await browser.post('/sign-out');
    await browser.signIn(ANA);
    world.clock.at += 330;
    await browser.post('/sign-in/one-time-code', { code: world.totp(secret, -6) });
    world.clock.at += 30;
    const { text } = await browser.post('/sign-in/one-time-code', { code: world.totp(secret, -6) });
    assert.match(refusalOn(text), /differ by about 3 minutes: your phone is behind\. Turn on automatic date and time/);
    world.clock.at += 30;
    await browser.post('/sign-in/one-time-code', { code: world.totp(secret, 2) });
    world.clock.at += 30;
    const ahead = await browser.post('/sign-in/one-time-code', { code: world.totp(secret, 2) });
    assert.match(refusalOn(ahead.text), /differ by about 1 minute: your phone is ahead/);
  });

  it('warn the operator when three users agree within an hour, and not before', async (t) => {
    const { world, partnerId } = await openWithEnrolledAna(t);
    const warned = () => world.log.filter((line) => JSON.parse(line).offsetSeconds === 180).length;
    for (const [index, name] of ['ben', 'cleo', 'dan', 'eve'].entries()) {
      const email = `${name}@acme.example`;
      const { id } = await world.addUser({ email, partnerId });
      const secret = await world.addAuthenticator(id);
      // The first of the four is more than an hour before the last, so three agree only at the end.
      if (index === 1) world.clock.at += 3000;
      for (let code = 0; code < 2; code++) {
        world.clock.at += 30;
        const token = await pendingToken(world, email);
        await world.api('POST', '/api/v1/sign-in/one-time-code', { code: world.totp(secret, 6) }, token);
      }
      if (index === 1) world.clock.at += 570;
      assert.equal(warned(), index === 3 ? 1 : 0, name);
    }
    assert.match(world.log.find((line) => line.includes('"offsetSeconds":180')) ?? '', /"level":40.*check its clock/);
  });
});

/** The answer of the API to a code at a new sign-in. */
async function answerTo(world: World, code: string) {
  const token = await pendingToken(world);
  return world.api('POST', '/api/v1/sign-in/one-time-code', { code }, token);
}
