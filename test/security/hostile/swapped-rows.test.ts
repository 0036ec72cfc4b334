import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isRefusal } from '#core/values/result.ts';
import { needReason, onPerson } from '#flows/administration/act.ts';
import { takeAuthenticatorsOf } from '#flows/administration/take-authenticators.ts';
import { openWorld, PASSWORD, type World } from '../../world.ts';

/** Two people, seen by an attacker who can write to the database but has no key. */
async function two(t: TestContext) {
  const world = await openWorld(t);
  const partner = await world.addPartner();
  const ana = await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
  const thief = await world.addUser({
    email: 'eve@acme.example',
    partnerId: partner.id,
    password: 'the thief knows this',
  });
  const secrets = { ana: await world.addAuthenticator(ana.id), thief: await world.addAuthenticator(thief.id) };
  return { world, ana, thief, secrets };
}

async function swap(world: World, table: 'users' | 'authenticators', column: string): Promise<void> {
  await world.env.db.transaction(async (tx) => {
    const [one, other] = await tx.selectFrom(table).selectAll().execute();
    const set = (id: string | undefined, value: unknown) =>
      tx
        .updateTable(table)
        .set({ [column]: value })
        .where('id', '=', id ?? '')
        .execute();
    await set(one?.id, Reflect.get(other ?? {}, column));
    await set(other?.id, Reflect.get(one ?? {}, column));
  });
}

function alarms(world: World): readonly string[] {
  return world.log.filter((line) => JSON.parse(line).level === 50);
}

test('swapped one-time-code secrets open for nobody, count as enrolled and are logged', async (t) => {
  const { world, secrets } = await two(t);
  await swap(world, 'authenticators', 'sealed_secret');
  for (const [email, password] of [
    ['ana@acme.example', PASSWORD],
    ['eve@acme.example', 'the thief knows this'],
  ] as const) {
    for (const secret of Object.values(secrets)) {
      const person = world.person();
      assert.equal((await person.signIn(email, password)).location, '/sign-in/one-time-code', 'not to enrollment');
      const answer = await person.post('/sign-in/one-time-code', { code: world.totp(secret) });
      assert.equal(answer.status, 403);
      assert.equal((await person.get('/enroll')).location, '/sign-in/one-time-code');
      assert.equal((await person.get('/')).status, 303);
      world.clock.at += 60;
    }
  }
  assert.ok(alarms(world).length >= 4);
  assert.ok(
    alarms(world).every((line) => line.includes('does not open: it was changed, or it belongs to another row')),
  );
  assert.deepEqual(await world.env.db.read.selectFrom('sessions').selectAll().execute(), []);
});

test('swapped passwords open for nobody, look like a wrong one and are logged', async (t) => {
  const { world } = await two(t);
  await swap(world, 'users', 'sealed_password');
  for (const email of ['ana@acme.example', 'eve@acme.example']) {
    for (const password of [PASSWORD, 'the thief knows this']) {
      assert.equal((await world.person().signIn(email, password)).status, 401);
    }
  }
  assert.equal(alarms(world).length, 4);
  const reasons = (await world.events()).map(({ detail }) => detail.reason);
  assert.deepEqual(reasons, ['no_password', 'no_password', 'no_password', 'no_password']);
});

test('recovery codes moved to another person are nobody’s', async (t) => {
  const { world, thief, ana } = await two(t);
  const browser = world.person();
  await world.env.db.transaction((tx) => tx.deleteFrom('authenticators').where('user_id', '=', thief.id).execute());
  await browser.signIn('eve@acme.example', 'the thief knows this');
  await browser.get('/enroll');
  await browser.post('/enroll');
  const { text } = await browser.get('/enroll/authenticator');
  const secret = /secret=([A-Z2-7]{32})/.exec(text)?.[1] ?? '';
  await browser.post('/enroll/authenticator', { code: world.totp(secret) });
  const codes = (await browser.get('/enroll/recovery-codes.txt')).text.match(/[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}/g) ?? [];
  await world.env.db.transaction(async (tx) => {
    await tx.updateTable('recovery_code_sets').set({ user_id: ana.id }).execute();
    await tx.updateTable('recovery_codes').set({ user_id: ana.id }).execute();
  });
  const victim = world.person();
  await victim.signIn('ana@acme.example');
  const answer = await victim.post('/sign-in/recovery-code', { code: codes[0] ?? '' });
  assert.equal(answer.status, 422);
  // The sealed copy was moved too, and also opens for nobody.
  assert.notEqual((await browser.get('/enroll/recovery-codes')).status, 200);
});

test('a temporary access code that was moved to another person opens nothing there', async (t) => {
  const { world, ana, thief } = await two(t);
  const { env } = world;
  const why = needReason({ reason: 'lost phone' });
  assert(!isRefusal(why));
  const reset = (id: string) =>
    onPerson(env, { id, actor: 'system' }, ({ tx, person }) =>
      takeAuthenticatorsOf(env, tx, person, { actor: 'system', ...why, codeExpiresAt: world.clock.at + 3600 }),
    );
  await reset(ana.id);
  const own = await reset(thief.id);
  assert(!isRefusal(own));
  const give = async (email: string, password: string) => {
    const code = own.accessCode?.code;
    const { body } = await world.api('POST', '/api/v1/sign-in', { email, password });
    const path = '/api/v1/sign-in/enrollment/access-code';
    return (await world.api('POST', path, { code }, String(body.pendingToken))).status;
  };
  await env.db.transaction(async (tx) => {
    const row = await tx.selectFrom('access_codes').select('mac').where('user_id', '=', thief.id).executeTakeFirst();
    await tx
      .updateTable('access_codes')
      .set({ mac: row?.mac ?? '' })
      .where('user_id', '=', ana.id)
      .execute();
  });
  assert.equal(await give(ana.email, PASSWORD), 422);
  assert.equal(await give(thief.email, 'the thief knows this'), 204);
});
