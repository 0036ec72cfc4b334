import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Authenticator } from '../../authenticator/create.ts';
import { ANA, codesOn, openWithAna, openWithEnrolledAna, refusalOn } from '../../story.ts';
import type { Person, World } from '../../world.ts';
import { addPasskey, enrollPasskey, phone } from './passkey-story.ts';

type Setting = Parameters<typeof openWithAna>[1];

/** Ana with an app, recovery codes and a passkey. The next code of the app is unused. */
export async function openWithBoth(t: TestContext, device: Authenticator = phone(), setting: Setting = {}) {
  const story = await openWithEnrolledAna(t, { policy: 'required', ...setting });
  const added = await addPasskey(story.browser, device, { name: 'Phone' });
  assert.equal(added.location, '/security', refusalOn(added.text));
  story.world.clock.at += 60;
  return { ...story, device };
}

/** Ana whose only authenticator is a passkey, and the recovery codes that came with it. */
export async function openWithPasskeyOnly(t: TestContext, device: Authenticator = phone(), setting: Setting = {}) {
  const story = await openWithAna(t, { policy: 'required', ...setting });
  const browser = story.world.person();
  const codes = await setUpWithPasskey(browser, device);
  story.world.clock.at += 60;
  return { ...story, browser, device, codes };
}

/** From the password to Done, with a passkey in place of an app. */
export async function setUpWithPasskey(browser: Person, device: Authenticator, email = ANA): Promise<string[]> {
  await browser.signIn(email);
  const confirmed = await enrollPasskey(browser, device);
  assert.equal(confirmed.location, '/enroll/recovery-codes', refusalOn(confirmed.text));
  const codes = codesOn((await browser.get('/enroll/recovery-codes')).text);
  assert.equal(codes.length, 10);
  assert.equal((await browser.post('/enroll/recovery-codes', { saved: 'yes' })).status, 303);
  return codes;
}

/** Another person of a partner of their own, with a passkey alone. */
export async function addBen(world: World, device: Authenticator) {
  const { id: partnerId } = await world.addPartner({ slug: 'bolt', name: 'Bolt', policy: 'required' });
  const ben = await world.addUser({ email: BEN, partnerId, name: 'Ben Ito' });
  const browser = world.person();
  await setUpWithPasskey(browser, device, BEN);
  return { ben, browser };
}

export const BEN = 'ben@bolt.example';

export async function sessionsOf(world: World, userId: string): Promise<number> {
  const sessions = world.env.db.read.selectFrom('sessions').select('id').where('user_id', '=', userId);
  return (await sessions.execute()).length;
}

/** The newest events, oldest of them first. */
export async function lastEvents(world: World, count: number) {
  return (await world.events()).slice(-count);
}

export async function eventsOf(world: World, action: string) {
  return (await world.events()).filter((event) => event.action === action);
}

export async function mailKinds(world: World): Promise<string[]> {
  return (await world.mail()).map(({ kind }) => kind);
}

/** The counters of attempts whose key begins like this. */
export async function countersUnder(world: World, prefix: string) {
  const rows = world.env.db.read.selectFrom('attempts').select('key').where('key', 'like', `${prefix}%`);
  return (await rows.orderBy('key').execute()).map(({ key }) => key);
}
