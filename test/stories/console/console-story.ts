import assert from 'node:assert/strict';
import { plain } from '../../story.ts';
import { openWorld, type Person, type World } from '../../world.ts';

export const CHRIS = 'chris@portal.example';
export const ROBIN = 'robin@portal.example';

/** A member of staff in a browser, signed in with both factors. The next code is unused. */
export async function enterStaff(world: World, role: 'csm' | 'admin', email: string): Promise<Person> {
  const { id } = await world.addUser({ email, role, name: role === 'csm' ? 'Chris Meyer' : 'Robin Weber' });
  const secret = await world.addAuthenticator(id);
  const browser = world.person();
  await browser.signIn(email);
  const { status } = await browser.post('/sign-in/one-time-code', { code: world.totp(secret) });
  assert.equal(status, 303);
  world.clock.at += 30;
  return browser;
}

/** A world with one partner, one person there, and a customer success manager at work. */
export async function openConsole(
  t: Parameters<typeof openWorld>[0],
  environment: Readonly<Record<string, string>> = {},
) {
  const world = await openWorld(t, { environment });
  const partner = await world.addPartner({ policy: 'optional' });
  const ana = await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
  const csm = await enterStaff(world, 'csm', CHRIS);
  return {
    world,
    partner,
    ana,
    csm,
    partnerPath: `/console/partners/${partner.id}`,
    anaPath: `/console/people/${ana.id}`,
  };
}

/** The text of a page after it was opened. */
export async function read(browser: Person, path: string): Promise<string> {
  const { status, text, location } = await browser.get(path);
  assert.equal(status, 200, `${path} leads to ${location}`);
  return plain(text);
}

export async function lastEvents(world: World, count: number) {
  return (await world.events()).slice(-count);
}
