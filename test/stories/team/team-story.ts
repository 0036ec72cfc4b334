import assert from 'node:assert/strict';
import { openWorld, type Person, type World } from '../../world.ts';

export const MIA = 'mia@acme.example';

/** A manager in a browser, signed in with both factors. The next code is unused. */
export async function enterManager(world: World, partnerId: string, email = MIA) {
  const { id } = await world.addUser({ email, partnerId, role: 'manager', name: 'Mia Roth' });
  const secret = await world.addAuthenticator(id);
  return { id, email, secret, browser: await enter(world, email, secret) };
}

/** A person with an authenticator, signed in in a new browser. The next code is unused. */
export async function enter(world: World, email: string, secret: string): Promise<Person> {
  const browser = world.person();
  await browser.signIn(email);
  assert.equal((await browser.post('/sign-in/one-time-code', { code: world.totp(secret) })).status, 303);
  world.clock.at += 30;
  return browser;
}

/** A team with a signed-in manager and a member, and another partner with its own person. */
export async function openTeam(t: Parameters<typeof openWorld>[0], environment: Readonly<Record<string, string>> = {}) {
  const world = await openWorld(t, { environment });
  const partner = await world.addPartner({ policy: 'optional' });
  const elsewhere = await world.addPartner({ name: 'Nordlicht', slug: 'nordlicht', policy: 'optional' });
  const ana = await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
  const nora = await world.addUser({ email: 'nora@nordlicht.example', partnerId: elsewhere.id, name: 'Nora Berg' });
  const manager = await enterManager(world, partner.id);
  return { world, partner, elsewhere, ana, nora, manager, mia: manager.browser };
}

/** Every row of a person in every table. They must not have changed. */
export async function rowsOfPerson(world: World, userId: string): Promise<string> {
  const { read } = world.env.db;
  const own = ['authenticators', 'sessions', 'devices', 'links', 'email_links', 'recovery_codes'] as const;
  const rows = await Promise.all([
    read.selectFrom('users').selectAll().where('id', '=', userId).execute(),
    ...own.map((table) => read.selectFrom(table).selectAll().where('user_id', '=', userId).execute()),
  ]);
  return JSON.stringify(rows);
}
