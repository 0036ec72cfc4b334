import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KeyRing, loadKeyRing, makeKeyText } from '#crypto/key-ring.ts';
import { type Argon2, createHasher } from '#crypto/password-hash.ts';
import { randomBytes } from '#crypto/random.ts';
import type { Env } from '#env.ts';
import { sealAuditTail } from '#features/operate/audit.ts';
import { renameCounters, resealRows } from '#features/operate/reseal.ts';
import { recordActivation, retireKey } from '#features/operate/retire-key.ts';
import { verifyAudit } from '#flows/audit/verify.ts';
import { listRowsOfOtherKeys, replaceSealed } from '#store/engine/sealed-rows.ts';
import { codeOf, openWorld, PASSWORD, QUICK_HASH, START } from '../world.ts';

const K1 = makeKeyText(randomBytes);
const K2 = makeKeyText(randomBytes).replace('k1', 'k2');

function ring(text: string): KeyRing {
  const keys = loadKeyRing(text);
  assert(!('problem' in keys));
  return keys;
}

/** The same service with the new key in front. */
const turned = (env: Env): Env => ({ ...env, keys: ring(`${K2},${K1}`) });
const database = { keyText: `${K1},${K2}` };

test('a sign-in whose password is resealed while its hash is worked out goes through', async (t) => {
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const verify: Argon2['verify'] = async (phc, password) => {
    reached.resolve();
    await gate.promise;
    return QUICK_HASH.verify(phc, password);
  };
  const world = await openWorld(t, { database, hasher: createHasher({ argon2: { ...QUICK_HASH, verify } }) });
  const partner = await world.addPartner();
  const ana = await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
  const secret = await world.addAuthenticator(ana.id);
  const first = world.api('POST', '/api/v1/sign-in', { email: 'ana@acme.example', password: PASSWORD });
  await reached.promise;
  assert.equal((await resealRows(turned(world.env))).rows, 2);
  gate.resolve();
  const { status, body } = await first;
  assert.equal(status, 200);
  const code = codeOf(secret, START);
  const second = await world.api('POST', '/api/v1/sign-in/one-time-code', { code }, String(body.pendingToken));
  assert.equal(second.status, 200);
});

test('a password that is changed while its hash is worked out still ends the sign-in', async (t) => {
  const world = await openWorld(t, { database });
  const partner = await world.addPartner();
  const ana = await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
  const bob = await world.addUser({ email: 'bob@acme.example', partnerId: partner.id, password: 'another one 1234' });
  const other = world.env.keys.open('password', bindingOf(bob.id), await sealedOf(world.env, bob.id)).toString();
  const verify: Argon2['verify'] = async (phc, password) => {
    const to = world.env.keys.seal('password', bindingOf(ana.id), other);
    await world.env.db.transaction((tx) =>
      tx.updateTable('users').set({ sealed_password: to }).where('id', '=', ana.id).execute(),
    );
    return QUICK_HASH.verify(phc, password);
  };
  Object.assign(world.env, { hasher: createHasher({ argon2: { ...QUICK_HASH, verify } }) });
  const { status } = await world.api('POST', '/api/v1/sign-in', { email: ana.email, password: PASSWORD });
  assert.equal(status, 401);
});

test('a change in between wins over the row that is being resealed', async (t) => {
  const world = await openWorld(t, { database });
  const partner = await world.addPartner();
  const ana = await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
  const page = { activeKeyId: 'k2', afterId: '', limit: 10 };
  const [row] = await listRowsOfOtherKeys(world.env.db.read, 'users', page);
  assert(row);
  const changed = world.env.keys.seal('password', bindingOf(ana.id), 'the new one');
  const put = (from: string, to: string) =>
    world.env.db.transaction((tx) => replaceSealed(tx, 'users', { id: row.id, from, to }));
  assert.equal(await put(row.sealed, changed), true);
  assert.equal(await put(row.sealed, turned(world.env).keys.seal('password', bindingOf(ana.id), 'the old one')), false);
  assert.equal(await sealedOf(world.env, ana.id), changed);
});

test('what does not open is left as it is, named and counted', async (t) => {
  const world = await openWorld(t, { database });
  const partner = await world.addPartner();
  const [ana, bob] = await Promise.all(
    ['ana', 'bob'].map((name) => world.addUser({ email: `${name}@acme.example`, partnerId: partner.id })),
  );
  assert(ana && bob);
  const swapped = await sealedOf(world.env, bob.id);
  await world.env.db.transaction((tx) =>
    tx.updateTable('users').set({ sealed_password: swapped }).where('id', '=', ana.id).execute(),
  );
  assert.deepEqual(await resealRows(turned(world.env)), { rows: 1, broken: 1 });
  assert.equal(await sealedOf(world.env, ana.id), swapped);
  assert(world.log.some((line) => line.includes(ana.id) && line.includes('does not decrypt')));
});

test('a key is not retired while a row needs it, whatever was counted before', async (t) => {
  const world = await openWorld(t, { database });
  const partner = await world.addPartner();
  await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
  await recordActivation(world.env, { actor: 'system' });
  const retire = () => retireKey(turned(world.env), { keyId: 'k1', voidCodes: false, actor: 'command_line' });
  assert.deepEqual(await retire(), { refused: 'forbidden', reason: 'key_needed' });
  await resealRows(turned(world.env));
  assert.deepEqual(await retire(), { codesVoided: 0 });
  const actions = (await world.events()).map(({ action }) => action);
  assert.equal(actions.filter((action) => action === 'keys.retired').length, 1);
});

test('sealed batches of the audit log get the seal of the new key, but a forged one does not', async (t) => {
  const world = await openWorld(t, { database });
  for (let n = 0; n < 3; n++) {
    await world.api('POST', '/api/v1/sign-in', { email: `nobody${n}@acme.example`, password: PASSWORD });
    await sealAuditTail(world.env);
  }
  const { head } = await verifyAudit(world.env);
  const seals = () =>
    world.env.db.read.selectFrom('audit_batches').select(['number', 'seal']).orderBy('number').execute();
  await world.env.db.transaction((tx) =>
    tx
      .updateTable('audit_batches')
      .set({ seal: `k1.${'A'.repeat(43)}` })
      .where('number', '=', 2)
      .execute(),
  );
  assert.deepEqual(await resealRows(turned(world.env)), { rows: 2, broken: 1 });
  assert.deepEqual(
    (await seals()).map(({ seal }) => seal.slice(0, 3)),
    ['k2.', 'k1.', 'k2.'],
  );
  const verified = await verifyAudit({ ...world.env, keys: ring(K2) }, { head });
  assert.deepEqual(verified.problems, [{ kind: 'seal_wrong', batch: 2 }]);
});

test('a stranger gets no new tries at a password by a rotation', async (t) => {
  const world = await openWorld(t, { database });
  const partner = await world.addPartner();
  await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
  const status = async (n: number) => {
    const body = { email: 'ana@acme.example', password: 'wrong' };
    return (await world.api('POST', '/api/v1/sign-in', body, undefined, `192.0.2.${n}`)).status;
  };
  for (let n = 0; n < 10; n++) assert.equal(await status(n), 401);
  assert.equal(await status(11), 429);
  const after = await openWorld(t, { database: { keyText: `${K2},${K1}` } });
  const rows = await world.env.db.read.selectFrom('attempts').selectAll().execute();
  await after.env.db.transaction((tx) => tx.insertInto('attempts').values(rows).execute());
  const afterPartner = await after.addPartner();
  await after.addUser({ email: 'ana@acme.example', partnerId: afterPartner.id });
  // Password attempts, and refusals of one email.
  assert.equal(await renameCounters(after.env), 3);
  const body = { email: 'ana@acme.example', password: 'wrong' };
  assert.equal((await after.api('POST', '/api/v1/sign-in', body, undefined, '192.0.2.99')).status, 429);
});

const bindingOf = (id: string) => ({ table: 'users', rowId: id, userId: id });

async function sealedOf({ db }: Env, id: string): Promise<string> {
  const row = await db.read
    .selectFrom('users')
    .select('sealed_password')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return row.sealed_password ?? '';
}
