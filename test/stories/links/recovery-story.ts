import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { openWorld, type World } from '../../world.ts';

export const NEW_PASSWORD = 'quiet harbor seven lamps';
export const EMAIL = 'ana@acme.example';

export async function worldWithAna(t: TestContext) {
  const world = await openWorld(t);
  const partner = await world.addPartner();
  const ana = await world.addUser({ email: EMAIL, partnerId: partner.id });
  return { world, partner, ana };
}

/** Requests a link and answers its path from the newest mail. */
export async function askForLink(world: World, person = world.person(), email = EMAIL): Promise<string> {
  assert.equal((await person.post('/forgot-password', { email })).status, 303);
  const [mail] = await world.mail();
  assert.equal(mail?.to, email);
  return new URL(mail?.link ?? '').pathname;
}

export async function countRows(
  world: World,
  table: 'sessions' | 'pending_sign_ins' | 'devices' | 'links' | 'enrollments',
) {
  return (await world.env.db.read.selectFrom(table).select('id').execute()).length;
}
