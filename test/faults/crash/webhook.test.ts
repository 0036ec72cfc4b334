import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { openReceiver, verifies } from '../../webhooks/receiver.ts';
import { openService } from './server.ts';

const PATIENCE_SECONDS = 60;

test('kill -9 between the commit and the webhook: after the restart it is delivered, once', async (t) => {
  const receiver = await openReceiver(t);
  const service = await openService(t, { SALLYPORT_LOCAL_WEBHOOKS: 'on' });
  await service.start();
  await service.command(['partner', 'add', 'Acme Telecom', '--slug', 'acme']);
  const made = JSON.parse(await service.command(['webhook', 'add', receiver.url, '--json']));
  // The receiver accepts nothing until the process is dead, so the event is still unsent.
  receiver.behaviour.status = 503;
  const scope = ['--scope', 'partners:write,partners:read', '--json'];
  const { key } = JSON.parse(await service.command(['api-key', 'add', 'CRM', ...scope]));
  const [partner] = JSON.parse(await service.command(['partner', 'list', '--json']));
  const changed = await service.api(`/partners/${partner.id}/mfa`, { policy: 'optional' }, key);
  assert.equal(changed.status, 200);
  await service.kill();
  const before = new Set(receiver.received.map(({ headers }) => headers['webhook-id']));
  receiver.received.length = 0;
  receiver.behaviour.status = 204;

  await service.start();
  for (let waited = 0; waited < PATIENCE_SECONDS * 10 && receiver.received.length === 0; waited++) await wait(100);
  // Two more rounds, in which a second delivery would be sent.
  await wait(2_500);
  const [told, ...others] = receiver.received;
  assert.ok(told);
  assert.deepEqual(others, []);
  assert.ok(verifies(made.secret, told, Math.floor(Date.now() / 1000)));
  assert.equal(JSON.parse(told.body).type, 'partner.mfa_policy_changed');
  const [listed] = JSON.parse(await service.command(['webhook', 'deliveries', made.id, '--json']));
  assert.deepEqual([listed.id, listed.state], [told.headers['webhook-id'], 'delivered']);
  assert.ok(before.size === 0 || before.has(listed.id), 'a try before the crash had the same id');
});
