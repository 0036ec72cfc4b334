import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import { isRefusal } from '#core/values/result.ts';
import { sealAuditTail } from '#features/operate/audit.ts';
import { pruneByRetention, tidy } from '#features/operate/housekeeping.ts';
import { keyStatus } from '#features/operate/key-status.ts';
import { changeMfaPolicy } from '#flows/administration/partner-acts.ts';
import { addWebhook, rotateWebhookSecret } from '#flows/administration/webhooks.ts';
import { verifyAudit } from '#flows/audit/verify.ts';
import { openWorld, START } from '../../world.ts';
import { callWithKey, makeKey } from '../management-api/management-story.ts';

const DAY = 24 * 60 * 60;

test('what is over is cleared away, and what is alive stays', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const { id: partnerId } = await world.addPartner();
  const { id: user_id } = await world.addUser({ email: 'ana@acme.example', partnerId });
  const both = [
    ['dead', START],
    ['live', START + 1],
  ] as const;
  await env.db.transaction(async (tx) => {
    for (const [id, expires_at] of both) {
      const row = { id, user_id, created_at: START, expires_at };
      const token = { token_hash: id };
      await tx
        .insertInto('devices')
        .values({ ...row, ...token })
        .execute();
      await tx
        .insertInto('links')
        .values({ ...row, ...token, purpose: 'reset', used_at: null })
        .execute();
      const enrollment = { owner_id: id, sealed_secret: '', tries: 0, confirming_until: null, last_refusal: null };
      await tx
        .insertInto('enrollments')
        .values({ ...row, ...enrollment })
        .execute();
      await tx.insertInto('attempts').values({ key: id, state: '{}', version: 1, expires_at }).execute();
      const pending = { tries: 0, skippable: 0, device_id: null, return_to: null, channel: 'page' as const };
      const open = { ...row, ...token, ...pending, completed_at: null, completed_to: null };
      await tx.insertInto('pending_sign_ins').values(open).execute();
      const finished = { ...open, id: `${id}-finished`, token_hash: `${id}-f`, completed_at: START, completed_to: '/' };
      await tx.insertInto('pending_sign_ins').values(finished).execute();
    }
    const copy = { id: 'set', user_id, created_at: START, sealed_copy: 'sealed', copy_expires_at: START };
    await tx.insertInto('recovery_code_sets').values(copy).execute();
  });
  await tidy(env);
  for (const table of ['devices', 'links', 'enrollments', 'pending_sign_ins'] as const) {
    const rows = await env.db.read.selectFrom(table).select('id').orderBy('id').execute();
    const ids = rows.map(({ id }) => id);
    // A finished sign-in remembers its target for a day.
    assert.deepEqual(ids, table === 'pending_sign_ins' ? ['dead-finished', 'live', 'live-finished'] : ['live'], table);
  }
  assert.deepEqual(await env.db.read.selectFrom('attempts').select('key').execute(), [{ key: 'live' }]);
  const [set] = await env.db.read.selectFrom('recovery_code_sets').select('sealed_copy').execute();
  assert.equal(set?.sealed_copy, null);
});

test('answers to programs go after a day, secrets that were exchanged too, and deliveries after a month', async (t) => {
  const world = await openWorld(t);
  const { env, clock } = world;
  await world.addPartner();
  const hook = await addWebhook(env, 'command_line', { url: 'https://hook.example/', events: WEBHOOK_EVENTS });
  assert.ok(!isRefusal(hook));
  await rotateWebhookSecret(env, 'command_line', hook.webhook.id);
  await changeMfaPolicy(env, 'command_line', 'acme', { policy: 'off' });
  const { key } = await makeKey(world);
  const call = { method: 'POST', path: '/partners', body: { name: 'Harbor' }, key, idempotencyKey: 'deal' };
  assert.equal((await callWithKey(world, call)).status, 200);
  const count = async () => {
    await tidy(env);
    const rows = (['idempotent_calls', 'webhook_secrets', 'webhook_deliveries'] as const).map((table) =>
      env.db.read.selectFrom(table).select('id').execute(),
    );
    return (await Promise.all(rows)).map(({ length }) => length);
  };
  clock.at += DAY - 1;
  assert.deepEqual(await count(), [1, 2, 1]);
  clock.at += 1;
  assert.deepEqual(await count(), [0, 1, 1], 'the secret in force stays');
  clock.at += 29 * DAY;
  assert.deepEqual(await count(), [0, 1, 1]);
  clock.at += 1;
  assert.deepEqual(await count(), [0, 1, 0]);
});

test('more dead rows than one batch holds go in one round', async (t) => {
  const { env, clock } = await openWorld(t);
  const rows = Array.from({ length: 450 }, (_, i) => ({ key: `k${i}`, state: '{}', version: 1, expires_at: START }));
  await env.db.transaction((tx) => tx.insertInto('attempts').values(rows).execute());
  clock.at += 1;
  await tidy(env);
  assert.equal((await env.db.read.selectFrom('attempts').select('key').execute()).length, 0);
});

test('one round clears away all that is over, however much that is, and others write meanwhile', async (t) => {
  const { env, clock } = await openWorld(t);
  const rows = Array.from({ length: 15_000 }, (_, i) => ({ key: `k${i}`, state: '{}', version: 1, expires_at: START }));
  for (let first = 0; first < rows.length; first += 5_000) {
    await env.db.transaction((tx) =>
      tx
        .insertInto('attempts')
        .values(rows.slice(first, first + 5_000))
        .execute(),
    );
  }
  clock.at += 1;
  const left = async () => {
    const { count } = await env.db.read
      .selectFrom('attempts')
      .select((e) => e.fn.countAll<number | bigint | string>().as('count'))
      .executeTakeFirstOrThrow();
    return Number(count);
  };
  const round = tidy(env);
  const live = { key: 'live', state: '{}', version: 1, expires_at: START + 100 };
  await env.db.transaction((tx) => tx.insertInto('attempts').values(live).execute());
  assert.ok((await left()) > 10_000, 'a write does not wait for the end of the round');
  await round;
  assert.equal(await left(), 1);
});

test('a round that has to stop ends after its batch', async (t) => {
  const { env, clock } = await openWorld(t);
  const rows = Array.from({ length: 450 }, (_, i) => ({ key: `k${i}`, state: '{}', version: 1, expires_at: START }));
  await env.db.transaction((tx) => tx.insertInto('attempts').values(rows).execute());
  clock.at += 1;
  let asked = 0;
  await tidy(env, () => asked++ > 0);
  assert.equal((await env.db.read.selectFrom('attempts').select('key').execute()).length, 250);
});

test('the status of a key counts the rows that need it', async (t) => {
  const world = await openWorld(t);
  const staff = await world.addUser({ email: 'csm@portal.example', role: 'csm' });
  await world.addUser({ email: 'invited@portal.example', role: 'csm', password: undefined });
  await world.addAuthenticator(staff.id);
  const [status, ...others] = await keyStatus(world.env);
  assert.deepEqual(others, []);
  assert.deepEqual(
    [status?.active, status?.rows, status?.tables.users, status?.tables.authenticators],
    [true, 2, 1, 1],
  );
});

test('retention removes old sealed events and the chain stays whole', async (t) => {
  const world = await openWorld(t, { environment: { SALLYPORT_AUDIT_RETENTION_DAYS: '30' } });
  const { env, clock } = world;
  await world.person().signIn('nobody@acme.example');
  await sealAuditTail(env);
  clock.at += 29 * 24 * 60 * 60;
  await pruneByRetention(env);
  assert.equal((await world.events()).length, 1);
  clock.at += 2 * 24 * 60 * 60;
  await pruneByRetention(env);
  assert.deepEqual(
    (await world.events()).map(({ action }) => action),
    ['audit.pruned'],
  );
  assert.equal((await verifyAudit(env, {})).intact, true);
});
