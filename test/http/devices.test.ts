import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Person, World } from '../world.ts';
import { ANA, enrollWithCodes, openWithAna, skip } from './story.ts';

async function isKnown(world: World, browser: Person): Promise<boolean> {
  await browser.signIn(ANA);
  const accepted = (await world.events()).filter(({ action }) => action === 'sign_in.password_accepted');
  return accepted.at(-1)?.detail.knownDevice;
}

it('a browser that the password alone made known is forgotten when a second factor is set up', async (t) => {
  const { world } = await openWithAna(t, { policy: 'optional' });
  const [ana, thief] = [world.person(), world.person()];
  await thief.signIn(ANA);
  await skip(thief);
  await thief.post('/sign-out');
  assert.equal(await isKnown(world, thief), true);
  world.clock.at += 31 * 24 * 60 * 60;
  await ana.signIn(ANA);
  await enrollWithCodes(world, ana);
  await ana.post('/sign-out');
  assert.equal(await isKnown(world, ana), true);
  assert.equal(await isKnown(world, thief), false);
});
