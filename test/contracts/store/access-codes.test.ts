import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  claimAccessCode,
  findAccessCode,
  replaceAccessCode,
  reserveAccessCodeTry,
} from '#store/authenticators/access-codes.ts';
import { openWorld } from '../../world.ts';

const LIMIT = 10;

/** A person with a code that is valid for a minute. */
async function openWithCode(t: TestContext) {
  const world = await openWorld(t);
  const { id: partnerId } = await world.addPartner();
  const { id } = await world.addUser({ email: 'ana@acme.example', partnerId });
  const { db } = world.env;
  const now = world.clock.at;
  const code = { user_id: id, mac: 'k1.first', created_at: now, expires_at: now + 60 };
  await db.transaction((tx) => replaceAccessCode(tx, code));
  return {
    ...{ world, id, now, code },
    reserve: (at: number) => db.transaction((tx) => reserveAccessCodeTry(tx, id, LIMIT, at)),
    claim: (at: number, mac = 'k1.first', ownerId = 'one') =>
      db.transaction((tx) => claimAccessCode(tx, id, { mac, ownerId, now: at })),
    replace: (mac: string) => db.transaction((tx) => replaceAccessCode(tx, { ...code, mac })),
  };
}

test('a code is used once, before its end, and only the one that was compared', async (t) => {
  const { world, id, now, claim, replace } = await openWithCode(t);
  assert.equal(await claim(now + 60), false, 'over');
  assert.equal(await claim(now, 'k1.other'), false, 'another code');
  assert.equal(await claim(now + 59), true);
  assert.equal(await claim(now + 59, 'k1.first', 'two'), false, 'used');
  assert.equal((await findAccessCode(world.env.db.read, id))?.usedBy, 'one');
  await replace('k1.second');
  assert.equal(await claim(now), false, 'replaced');
  assert.equal(await claim(now, 'k1.second', 'two'), true);
});

test('a try is reserved as long as the code is unused, not over, and has tries left', async (t) => {
  const { now, reserve, claim, replace } = await openWithCode(t);
  assert.equal(await reserve(now + 60), false, 'over');
  for (let tries = 0; tries < LIMIT; tries++) assert.equal(await reserve(now), true);
  assert.equal(await reserve(now), false, 'none left');
  await replace('k1.second');
  assert.equal(await reserve(now), true, 'a new code has its own');
  assert.equal(await claim(now, 'k1.second'), true);
  assert.equal(await reserve(now), false, 'used');
});
