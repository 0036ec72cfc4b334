import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadKeyRing, makeKey } from '#crypto/key-ring.ts';
import { randomBytes } from '#crypto/random.ts';
import { keyStatus, needOf } from '#features/operate/key-status.ts';
import { retireKey } from '#features/operate/retire-key.ts';
import { claimOfEmail, leaveEmail } from '#flows/administration/former-emails.ts';
import { noteRingKey } from '#store/operations/ring-keys.ts';
import { openWorld } from '../world.ts';

const DAY = 24 * 60 * 60;
const EMAIL = 'ana@acme.example';

test('a rotation of keys forgets no reservation, and a key stays until its last one is over', async (t) => {
  const { env, clock } = await openWorld(t);
  const k1 = `k1:${makeKey(randomBytes)}`;
  const older = loadKeyRing(k1);
  const both = loadKeyRing(`k2:${makeKey(randomBytes)},${k1}`);
  assert.ok(!('problem' in older) && !('problem' in both));
  await env.db.transaction(async (tx) => {
    await noteRingKey(tx, { id: 'k1', fingerprint: older.fingerprint('k1'), first_used_at: clock.at });
    await leaveEmail({ ...env, keys: older }, tx, EMAIL, { reserve: true });
  });
  const rotated = { ...env, keys: both };
  const claim = () => claimOfEmail(rotated, env.db.read, 'somebody', EMAIL);
  assert.equal(await claim(), 'reserved');
  const doer = { keyId: 'k1', voidCodes: false, actor: 'command_line' };
  assert.deepEqual(await retireKey(rotated, doer), { refused: 'forbidden', reason: 'key_needed' });
  const [, old] = await keyStatus(rotated);
  assert.ok(old && /1 email of a deleted person is reserved by k1/.test(needOf(old) ?? ''));

  clock.at += 30 * DAY;
  assert.equal(await claim(), 'by_mail');
  assert.deepEqual(await retireKey(rotated, doer), { codesVoided: 0 });
  assert.equal((await env.db.read.selectFrom('former_emails').select('id').execute()).length, 0);
  assert.equal(await claim(), 'open');
});

test('of two who had an email one after the other the longer reservation counts', async (t) => {
  const { env, clock } = await openWorld(t);
  const claim = () => claimOfEmail(env, env.db.read, 'somebody', EMAIL);
  await env.db.transaction((tx) => leaveEmail(env, tx, EMAIL, { reserve: true }));
  await env.db.transaction((tx) => leaveEmail(env, tx, EMAIL, { reserve: false }));
  assert.equal(await claim(), 'reserved');
  assert.equal(await claimOfEmail(env, env.db.read, 'command_line', EMAIL), 'open');
  clock.at += 30 * DAY;
  assert.equal(await claim(), 'by_mail');
});
