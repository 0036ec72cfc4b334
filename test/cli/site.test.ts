import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openKeyWorld } from '../keys/key-world.ts';
import { addPartner } from '../world.ts';
import { assertRefused } from './command-line.ts';

async function openSites(t: TestContext) {
  const world = openKeyWorld(t);
  const { env } = await world.serve('one:1');
  await addPartner(env, { slug: 'acme', name: 'Acme' });
  await addPartner(env, { slug: 'globex', name: 'Globex' });
  const json = async (...args: string[]) => {
    const said = await world.command([...args, '--json']);
    assert.equal(said.code, 0, said.err);
    return JSON.parse(said.out);
  };
  return { ...world, env, json };
}

test('a host is added with what it asks for, listed and removed', async (t) => {
  const { json, command, env } = await openSites(t);
  const record = { host: 'app.example.com', acr: null, partners: [] };
  assert.deepEqual(await json('site', 'add', 'App.Example.com:443'), record);
  const two = ['site', 'add', 'localhost:8080', '--acr', 'mfa', '--partner', 'globex', '--partner', 'acme'];
  const local = { host: 'localhost:8080', acr: 'mfa', partners: ['acme', 'globex'] };
  assert.deepEqual(await json(...two), local);
  assert.deepEqual(await json('site', 'list'), [record, local]);
  assert.match((await command(['site', 'list'])).out, /localhost:8080 +mfa +acme, globex/);
  assert.match((await command(['site', 'add', 'two.example.com'])).err, /SALLYPORT_TRUSTED_PROXIES/);

  assert.deepEqual(await json('site', 'remove', 'APP.example.com'), { host: 'app.example.com', sessions: 0 });
  assertRefused(await command(['site', 'remove', 'app.example.com']), 1, /there is no such host: .*site list/);
  const rows = await env.db.read
    .selectFrom('audit_events')
    .select(['action', 'actor', 'detail'])
    .orderBy('id')
    .execute();
  const told = rows
    .filter(({ action }) => action.startsWith('site.'))
    .map(({ action, detail }) => [action, JSON.parse(detail)]);
  assert.deepEqual(told, [
    ['site.added', { host: 'app.example.com', partners: 0 }],
    ['site.added', { host: 'localhost:8080', acr: 'mfa', partners: 2 }],
    ['site.added', { host: 'two.example.com', partners: 0 }],
    ['site.removed', { host: 'app.example.com', sessions: 0 }],
  ]);
});

test('what is no host, is there already or names no partner is refused in one line', async (t) => {
  const { json, command } = await openSites(t);
  await json('site', 'add', 'app.example.com');
  assertRefused(await command(['site', 'add', 'app.example.com']), 1, /this host already exists/);
  for (const wrong of [
    'https://app.example.com',
    'app.example.com/x',
    '*.example.com',
    'app_1.example.com',
    'a b',
    '',
  ]) {
    assertRefused(await command(['site', 'add', wrong]), 1, /that is not a host/);
  }
  assertRefused(await command(['site', 'add', 'x.example.com', '--partner', 'nobody']), 1, /no such partner/);
  assertRefused(await command(['site', 'add', 'x.example.com', '--acr', 'aal2']), 2, /--acr is mfa or phr/);
  assertRefused(await command(['site', 'add']), 2, /HOST is missing/);
});
