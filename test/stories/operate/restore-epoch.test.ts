import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { programName } from '#cli/program-name.ts';
import { WEBHOOK_EVENTS } from '#core/portals/webhook.ts';
import { isRefusal } from '#core/values/result.ts';
import { addApiKey } from '#flows/administration/api-keys.ts';
import { deleteUser } from '#flows/administration/delete-user.ts';
import { archivePartner } from '#flows/administration/partner-acts.ts';
import { disableUser, makeResetLink } from '#flows/administration/person-acts.ts';
import { requestMfaReset } from '#flows/administration/reset-requests.ts';
import { addWebhook, rotateWebhookSecret } from '#flows/administration/webhooks.ts';
import { TABLES, type TablePlan } from '#store/engine/tables.ts';
import { findClient } from '#store/oidc/clients.ts';
import { enroll, fill, openKeyWorld, type Served, signIn } from '../../keys/key-world.ts';
import { callWithKey } from '../management-api/management-story.ts';
import { makeClient } from '../openid/client-story.ts';

/** A server with every kind of credential of people and programs, and a backup of it. */
async function backedUp(t: TestContext) {
  const world = openKeyWorld(t);
  const server = await world.serve('one:1');
  const [ana, bob] = await fill(server, { people: 2, mails: 3 });
  assert(ana && bob);
  const made = await fillWithTokens(server, ana.id, bob.id);
  await addDeviceAndChallenge(server, bob.id);
  await enroll(server, 'new@acme.example');
  assert.equal((await signIn(server, bob)).status, 200);
  const file = join(world.folder, 'backup.db');
  assert.equal((await world.command(['backup', file])).code, 0);
  return { world, server, ana, bob, file, ...made };
}

async function fillWithTokens({ env }: Served, ana: string, bob: string) {
  const actor = 'command_line';
  const made = await addApiKey(env, actor, { name: 'CRM', scopes: ['users:read'], expiresAt: undefined });
  const hook = await addWebhook(env, actor, { url: 'https://hook.example/', events: WEBHOOK_EVENTS });
  const { client } = await makeClient(env, { name: 'Portal', partners: ['acme'] });
  assert(!isRefusal(made) && !isRefusal(hook));
  assert(!isRefusal(await rotateWebhookSecret(env, actor, hook.webhook.id)));
  assert(!isRefusal(await makeResetLink(env, { id: ana, actor })));
  const reset = { reason: 'lost', checkedBy: 'video', checkNote: 'badge', codeMinutes: 60 };
  const done = await requestMfaReset(env, { ...reset, id: ana, actor });
  assert(!isRefusal(done) && !('waits' in done) && done.accessCode);
  const now = env.now();
  const life = { created_at: now, expires_at: now + 9999 };
  await env.db.transaction(async (tx) => {
    const link = { ...life, token_hash: 'x', user_id: bob, purpose: 'revert', email: 'old@acme.example' } as const;
    await tx
      .insertInto('email_links')
      .values({ ...link, id: 'way-back', used_at: null })
      .execute();
    const asked = { requested_by: 'x', requested_at: now, reason: 'x', checked_by: 'video', check_note: 'x' };
    await tx
      .insertInto('reset_requests')
      .values({ ...asked, id: 'asked', user_id: bob, code_minutes: 10 })
      .execute();
    const call = { api_key_id: made.apiKey.id, name_hash: 'x', request_hash: 'x', sealed_answer: '' };
    await tx
      .insertInto('idempotent_calls')
      .values({ ...call, id: 'call', expires_at: now + 9999 })
      .execute();
    const secret = { sealed_secret: '', tries: 0, confirming_until: null, last_refusal: null };
    await tx
      .insertInto('enrollments')
      .values({ ...life, ...secret, id: 'e', user_id: bob, owner_id: 'x' })
      .execute();
    await tx
      .insertInto('devices')
      .values({ ...life, id: 'd', user_id: bob, token_hash: 'x' })
      .execute();
  });
  return { key: made.key, apiKey: made.apiKey, hook: hook.webhook, client, code: done.accessCode.code };
}

async function addDeviceAndChallenge({ env }: Served, userId: string): Promise<void> {
  const now = env.now();
  const life = { created_at: now, last_used_at: now, expires_at: now + 9999 };
  const device = { id: 't', user_id: userId, secret_hash: 'x', authenticators: 'x', ...life };
  const asked = { id: 'c', user_id: userId, challenge_hash: 'x', purpose: 'step_up', ...CHALLENGE } as const;
  await env.db.transaction(async (tx) => {
    await tx.insertInto('trusted_devices').values(device).execute();
    const { id: partner_id } = await tx.selectFrom('partners').select('id').executeTakeFirstOrThrow();
    const pasted = { id: 'p', partner_id, made_by: userId, role: 'member', pasted: '', ...HOUR(now) } as const;
    await tx.insertInto('pasted_lists').values(pasted).execute();
    const life = { created_at: now, expires_at: now + 300 };
    await tx
      .insertInto('passkey_challenges')
      .values({ ...asked, ...life })
      .execute();
  });
}

const HOUR = (now: number) => ({ created_at: now, expires_at: now + 3600 });

const CHALLENGE = { owner_id: 'x', browser: null, name: null };

function signInAt({ app, env }: Served, email: string) {
  const sent = { email, password: 'lantern otter velvet 9' };
  const headers = { 'content-type': 'application/json' };
  const request = new Request(`${env.config.publicUrl.origin}/api/v1/sign-in`, {
    ...{ method: 'POST', headers },
    body: JSON.stringify(sent),
  });
  return app.fetch(request, { remoteAddress: '192.0.2.9' });
}

test('nothing that lets somebody in comes back with a backup, and the command names what it ended', async (t) => {
  const { world, server, ana, file, key, apiKey, hook, client, code } = await backedUp(t);
  await server.stop();
  const said = await world.command(['restore', file, '--replace', '--json']);
  assert.equal(said.code, 0, said.err);
  const { ended } = JSON.parse(said.out);
  assert.deepEqual(ended.apiKeys, [{ id: apiKey.id, name: 'CRM' }]);
  assert.deepEqual(ended.webhooks, [{ id: hook.id, url: hook.url }]);
  assert.deepEqual(ended.clients, [{ id: client.id, name: 'Portal' }]);
  for (const [name, count] of Object.entries(ended)) {
    if (typeof count === 'number') assert.ok(count > 0 || name === 'signIns', name);
  }

  const again = await world.serve('one:2');
  const listed = await callWithKey(again, { method: 'GET', path: '/users', key });
  assert.equal(listed.status, 401);
  const { read } = again.env.db;
  const begun = await signInAt(again, ana.email);
  assert.equal(Object(await begun.json()).state, 'enrollment_required', 'without the row the password would be enough');
  assert.notEqual((await findClient(read, client.id))?.disabledAt, undefined);
  const row = await read.selectFrom('access_codes').selectAll().executeTakeFirst();
  assert.deepEqual([row?.mac, row?.used_at === null], ['', false]);
  assert.notEqual(code, '');
  const secrets = await read.selectFrom('webhook_secrets').select('expires_at').execute();
  assert.deepEqual(secrets, [{ expires_at: null }]);
});

/** The rows of a signed-in person at a portal and a protected host. */
const OF_PORTALS = [
  "insert into sites values ('app.example', null, '', 1)",
  "insert into site_sessions select 'a', 'a', 'app.example', id, 1 from sessions limit 1",
  "insert into site_tickets select 'a', 'a', 'app.example', id, '', 1, 2 from sessions limit 1",
  "insert into site_requests values ('a', '', 'app.example', '/', 'https', '', 1, 2)",
  "insert into signing_keys values ('a', 'ES256', '', 1, 1, null)",
  `insert into oidc_grants select 'a', 'a', s.id, s.user_id, c.id, '{}', 'pwd', 1, 0, 1, 2, null
   from sessions s, oidc_clients c limit 1`,
  "insert into oidc_records values ('a', 'AccessToken', 'a', '{}', 1, 2, null, null)",
  "insert into oidc_requests select 'a', '', id, '{}', 0, null, 1, 2 from oidc_clients limit 1",
  "insert into oidc_consents select 'a', u.id, c.id, 'openid', 1 from users u, oidc_clients c limit 1",
  "insert into oidc_logouts select 'b', id, '', '', 0, 0, null from oidc_clients limit 1",
];

const OF_BULK = [
  "insert into bulk_jobs (id, kind, maker, state, created_at) values ('a', 'policy', 'command_line', 'running', 1)",
  "insert into bulk_items (id, job_id, position, todo) values ('a:1', 'a', 1, '{}')",
];

test('the plan of every table says what a restore does with it, and a restore does that', async (t) => {
  const { world, server, file } = await backedUp(t);
  await server.stop();
  const backup = new DatabaseSync(file);
  // A backup leaves these out, a copy of the files does not.
  const shown = backup.prepare('insert into shown_secrets select ?, id, ?, ? from users limit 1');
  shown.run('shown', '', server.env.now() + 600);
  for (const statement of [...OF_PORTALS, ...OF_BULK]) backup.exec(statement);
  const rowsIn = (db: DatabaseSync, table: string) =>
    db.prepare(`select count(*) as count from "${table}"`).get()?.count;
  const plans = Object.entries<TablePlan>(TABLES);
  for (const [table, { restore }] of plans) {
    if (restore === 'stays' || table === 'pending_sign_ins') continue;
    assert.ok(Number(rowsIn(backup, table)) > 0, `the backup has nothing in ${table}: nothing would be tried`);
  }
  assert.equal((await world.command(['restore', file, '--replace'])).code, 0);
  const restored = new DatabaseSync(world.path);
  for (const [table, { restore, holds }] of plans) {
    if (restore === 'ends') assert.equal(rowsIn(restored, table), 0, table);
    else if (holds !== 'process' && !/^audit_|event_days|outbox|webhook_secrets/.test(table)) {
      assert.equal(rowsIn(restored, table), rowsIn(backup, table), table);
    }
  }
  backup.close();
  restored.close();
});

test('who was disabled, deleted or archived after the backup stays out, and is named', async (t) => {
  const { world, server, ana, bob, file } = await backedUp(t);
  const act = { actor: 'command_line', reason: 'left' };
  assert(!isRefusal(await disableUser(server.env, { id: ana.id, ...act })));
  assert(!isRefusal(await deleteUser(server.env, { id: bob.id, ...act })));
  const [partner] = await server.env.db.read.selectFrom('partners').select(['id', 'slug']).execute();
  assert(partner && !isRefusal(await archivePartner(server.env, 'command_line', partner.id)));
  await server.stop();
  const said = await world.command(['restore', file, '--replace', '--json']);
  assert.equal(said.code, 0, said.err);
  assert.deepEqual(JSON.parse(said.out).shutOut, [partner.slug, ana.email, bob.email].toSorted());
  const again = await world.serve('one:2');
  const { read } = again.env.db;
  const open = await read.selectFrom('users').select('email').where('disabled_at', 'is', null).execute();
  assert.deepEqual(
    open.filter(({ email }) => [ana.email, bob.email].includes(email)),
    [],
  );
  assert.deepEqual(await read.selectFrom('partners').select('id').where('archived_at', 'is', null).execute(), []);
});

test('in words, too, a restore names keys, webhooks and clients', async (t) => {
  const { world, server, file, apiKey, hook, client } = await backedUp(t);
  await server.stop();
  const { out } = await world.command(['restore', file, '--replace']);
  assert.ok(out.includes(`API keys revoked: CRM (${apiKey.id})`), out);
  assert.ok(out.includes(`Webhooks disabled: ${hook.url} (${hook.id})`), out);
  assert.ok(out.includes(`OpenID Connect clients disabled: Portal (${client.id})`), out);
  assert.ok(out.includes(`"${programName()} client new-secret ID"`), out);
  assert.match(out, /1 known device, 1 trusted device/);
  assert.match(out, /1 temporary access code opens nothing any more/);
  assert.match(out, /1 link to change an email or to go back to one, 1 waiting reset, 1 kept answer/);
});
