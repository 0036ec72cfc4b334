import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import { changeMfaPolicy } from '#flows/administration/partner-acts.ts';
import { deliverWebhooks } from '#webhooks/deliver.ts';
import { refusalOn, sendUnoffered } from '../../story.ts';
import { openReceiver, verifies } from '../../webhooks/receiver.ts';
import { openWorld } from '../../world.ts';
import { enterStaff, ROBIN, read } from './console-story.ts';

test('an administrator makes a key, which works, is shown once, and is revoked', async (t) => {
  const world = await openWorld(t);
  const robin = await enterStaff(world, 'admin', ROBIN);
  const made = await robin.submit('/console/api-keys/new', { name: 'CRM', 'users:read': 'yes', expires: '' });
  assert.equal(made.status, 200);
  const key = /<code>(sp_[\w-]{49})<\/code>/.exec(made.text)?.[1] ?? '';
  const ask = async (path: string) => (await world.api('GET', `/api/v1/${path}`, undefined, key)).status;
  assert.deepEqual([await ask('users'), await ask('partners')], [200, 403]);
  const list = await read(robin, '/console/api-keys');
  assert.match(list, /CRM/);
  assert.ok(!list.includes(key.slice(3, -6)));
  const [row] = await world.env.db.read.selectFrom('api_keys').selectAll().execute();
  assert.equal((await robin.post(`/console/api-keys/${row?.id}/revoke`)).status, 303);
  assert.equal(await ask('users'), 401);
  assert.match(await read(robin, '/console/api-keys'), /Revoked/);
  const events = (await world.events()).filter(({ action }) => action.startsWith('api_key.'));
  assert.deepEqual(
    events.map(({ action, detail }) => [action, detail.apiKeyId]),
    [
      ['api_key.created', row?.id],
      ['api_key.revoked', row?.id],
    ],
  );
});

test('a key without a scope, without a name or for too long is refused, and says what is missing', async (t) => {
  const world = await openWorld(t);
  const robin = await enterStaff(world, 'admin', ROBIN);
  const refused: [Record<string, string>, RegExp][] = [
    [{ name: 'CRM', expires: '' }, /at least one scope/],
    [{ name: ' ', 'users:read': 'yes', expires: '' }, /Enter a name/],
    [{ name: 'CRM', 'users:read': 'yes', expires: '2099-01-01' }, /one year ahead/],
    [{ name: 'CRM', 'users:read': 'yes', expires: 'soon' }, /one year ahead/],
  ];
  for (const [fields, words] of refused) {
    const { status, text } = await robin.post('/console/api-keys/new', fields);
    assert.equal(status, 400);
    assert.match(text, words);
  }
  assert.equal((await world.env.db.read.selectFrom('api_keys').selectAll().execute()).length, 0);
});

test('an administrator adds a webhook, sees what it was told, and sends it again', async (t) => {
  const world = await openWorld(t, { environment: { SALLYPORT_LOCAL_WEBHOOKS: 'on' } });
  const receiver = await openReceiver(t);
  await world.addPartner();
  const robin = await enterStaff(world, 'admin', ROBIN);
  const refusedUrl = await robin.post('/console/webhooks/new', { url: 'http://10.0.0.1/', 'user.mfa_reset': 'yes' });
  assert.equal(refusedUrl.status, 400);
  const all = Object.fromEntries(WEBHOOK_EVENTS.map((event) => [event, 'yes']));
  const made = await robin.submit('/console/webhooks/new', { url: receiver.url, ...all });
  const secret = /<code>(whsec_[\w+/=]+)<\/code>/.exec(made.text)?.[1] ?? '';
  await changeMfaPolicy(world.env, 'command_line', 'acme', { policy: 'off' });
  await deliverWebhooks(world.env);
  const [hook] = await world.env.db.read.selectFrom('webhooks').selectAll().execute();
  const path = `/console/webhooks/${hook?.id}`;
  const { text } = await robin.get(path);
  assert.match(text, /Delivered/);
  assert.ok(!text.includes(secret));
  const again = new RegExp(`${path}/replay/[0-9a-f-]{36}`).exec(text)?.[0] ?? '';
  assert.equal((await robin.post(again)).status, 303);
  await deliverWebhooks(world.env);
  assert.equal(receiver.received.length, 2);
  const [one, two] = receiver.received;
  assert.ok(one && two && verifies(secret, two, world.clock.at));
  assert.equal(one.headers['webhook-id'], two.headers['webhook-id']);
  assert.match((await robin.submit(`${path}/rotate`)).text, /whsec_/);
  assert.equal((await robin.post(`${path}/disable`)).status, 303);
  assert.match(await read(robin, path), /Disabled/);
  assert.doesNotMatch((await robin.get(path)).text, /\/replay\//);
  const refused = await sendUnoffered(robin, path, again);
  assert.equal(refused.status, 403);
  assert.match(refusalOn(refused.text), /This webhook is disabled/);
});
