import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { programName } from '#cli/program-name.ts';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import { isRefusal } from '#core/values/result.ts';
import { archivePartner } from '#flows/administration/partner-acts.ts';
import { addWebhook, stopWebhook } from '#flows/administration/webhooks.ts';
import { queueWebhooks } from '#flows/runtime/queue-webhooks.ts';
import { fill, openKeyWorld } from '../keys/key-world.ts';
import { addUser } from '../world.ts';
import { assertRefused } from './command-line.ts';

/** Commands on a database with one active and one invited person. */
async function openCommands(t: TestContext) {
  const world = openKeyWorld(t);
  const server = await world.serve('one:1');
  const [ana] = await fill(server, { people: 1, mails: 0 });
  const { env } = server;
  const partner = await env.db.read.selectFrom('partners').select('id').executeTakeFirstOrThrow();
  const bo = await addUser(env, { email: 'bo@acme.example', partnerId: partner.id, password: undefined });
  assert(ana);
  const say = async (...args: string[]) => {
    const said = await world.command(args);
    assert.equal(said.code, 0, said.err);
    return said.out;
  };
  const act = (verb: string, email: string) => say('user', verb, email, '--reason', 'asked by phone');
  return { ...world, env, ana, bo, partner, say, act };
}

test('a delivery of a disabled webhook is not said to go out again, and one that waits is said to wait', async (t) => {
  const { env, ana, say, command } = await openCommands(t);
  const made = await addWebhook(env, 'command_line', { url: 'https://hook.example/', events: WEBHOOK_EVENTS });
  assert(!isRefusal(made));
  const { id, url } = made.webhook;
  const user = { id: ana.id, email: ana.email, partnerId: undefined };
  await env.db.transaction((tx) => queueWebhooks(env, tx, { type: 'user.mfa_reset', user }));
  const delivery = await env.db.read.selectFrom('webhook_deliveries').select('id').executeTakeFirstOrThrow();
  assert.match(await say('webhook', 'replay', delivery.id), /It was not taken yet: the next try is at 20/);
  assert.doesNotMatch(await say('webhook', 'replay', delivery.id), /goes out again/);

  await env.db.transaction((tx) =>
    tx.updateTable('webhook_deliveries').set({ dead_at: env.now(), tries: 3 }).execute(),
  );
  await stopWebhook(env, 'command_line', id);
  assertRefused(await command(['webhook', 'replay', delivery.id]), 1, /this webhook is disabled: .*webhook enable/);
  const row = await env.db.read.selectFrom('webhook_deliveries').select('dead_at').executeTakeFirstOrThrow();
  assert.notEqual(row.dead_at, null, 'nothing was changed');
  await env.db.transaction((tx) => tx.updateTable('webhook_deliveries').set({ dead_at: null }).execute());
  const [listed] = JSON.parse(await say('webhook', 'deliveries', id, '--json'));
  assert.deepEqual([listed.state, listed.nextTryAt], ['waiting', null], 'a disabled webhook is not tried');
  const rotated = await say('webhook', 'rotate', id);
  assert.ok(
    rotated.includes(`${url} is disabled: it gets nothing until "${programName()} webhook enable ${id}".`),
    rotated,
  );
  assert.match(await say('webhook', 'enable', id), /: active\.\n$/);
  assert.ok((await say('webhook', 'rotate', id)).includes(`${url} gets user.mfa_enrolled`));
});

test('no act says that a person can sign in who cannot', async (t) => {
  const { env, ana, bo, partner, act, say, command } = await openCommands(t);
  for (const { email } of [ana, bo]) await act('disable', email);
  assert.match(await act('unlock', ana.email), /cannot sign in: disabled, see "user enable"/);
  assert.equal(await act('enable', ana.email), `${ana.email} may sign in again.\n`);
  assert.match(await act('enable', bo.email), /is not disabled any more\.\n.* has no password yet: "user link"/);
  await act('disable', ana.email);
  await archivePartner(env, 'command_line', partner.id);
  assert.match(
    await act('enable', ana.email),
    /is not disabled any more\.\n.* cannot sign in: the partner is archived/,
  );
  assert.match(await say('partner', 'list'), /archived 20/);
  const add = ['user', 'add', 'new@acme.example', '--partner', 'acme', '--invite'];
  assertRefused(await command(add), 1, /this partner is archived: restore it in the console first/);
  assertRefused(await command(['user', 'link', ana.email]), 1, /this partner is archived/);
});

test('the operator, who has the database, gets the links that go to others by mail alone', async (t) => {
  const { ana, act, say } = await openCommands(t);
  await act('delete', ana.email);
  const added = JSON.parse(await say('user', 'add', ana.email, '--partner', 'acme', '--invite', '--json'));
  assert.match(added.invitationUrl, /\/invitation\//);
  assert.match(await say('user', 'link', ana.email), /\/password\//);
});
