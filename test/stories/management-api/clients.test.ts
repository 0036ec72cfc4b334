import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tokenHash } from '#core/values/token.ts';
import { findClient } from '#store/oidc/clients.ts';
import { callWithKey, makeKey, openManagement } from './management-story.ts';

const PORTAL = { name: 'Partner Portal', redirectUris: ['https://portal.example/callback'] };
const KEY = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };

test('a program adds a client, gives it another secret, disables and enables it', async (t) => {
  const { world, call, actor } = await openManagement(t);
  const whole = {
    ...{ ...PORTAL, postLogoutRedirectUris: ['https://portal.example/'], thirdParty: true, partners: ['acme'] },
    ...{ backchannelLogoutUri: 'https://10.0.0.7/out', backchannelInternal: true, idTokenAlg: 'RS256' },
  };
  const added = await call('POST', '/clients', whole);
  assert.equal(added.status, 200, JSON.stringify(added.body));
  const { secret, ...record } = added.body;
  const { id } = record;
  assert.deepEqual(record, {
    ...{ id, name: 'Partner Portal', type: 'web', redirectUris: PORTAL.redirectUris },
    ...{ postLogoutRedirectUris: ['https://portal.example/'], backchannelLogoutUri: 'https://10.0.0.7/out' },
    ...{ thirdParty: true, partners: ['acme'], state: 'active' },
  });
  const kept = await findClient(world.env.db.read, String(id));
  assert.deepEqual([kept?.secretHash, kept?.idTokenAlg, kept?.createdBy], [tokenHash(String(secret)), 'RS256', actor]);
  assert.deepEqual((await call('GET', `/clients/${id}`)).body, record);

  const renewed = await call('POST', `/clients/${id}/new-secret`);
  assert.deepEqual({ ...renewed.body, secret: undefined }, { ...record, secret: undefined });
  assert.notEqual(renewed.body.secret, secret);
  const hash = (await findClient(world.env.db.read, String(id)))?.secretHash;
  assert.equal(hash, tokenHash(String(renewed.body.secret)));
  for (let times = 0; times < 2; times += 1)
    assert.deepEqual((await call('POST', `/clients/${id}/disable`, {})).body, { ...record, state: 'disabled' });
  assert.deepEqual((await call('POST', `/clients/${id}/enable`)).body, record);
  const own = (await world.events()).filter((event) => event.actor === actor).map(({ action }) => action);
  assert.deepEqual(own, ['client.added', 'client.secret_renewed', 'client.disabled', 'client.enabled']);
});

test('a client with public keys or in a browser has no secret', async (t) => {
  const { call } = await openManagement(t);
  for (const how of [{ jwks: { keys: [KEY] } }, { type: 'browser' }]) {
    const { status, body } = await call('POST', '/clients', { ...PORTAL, ...how });
    assert.deepEqual([status, 'secret' in body], [200, false]);
    const refused = await call('POST', `/clients/${body.id}/new-secret`);
    assert.deepEqual([refused.status, refused.body.reason], [403, 'client_without_secret']);
  }
});

test('what does not fit a client is refused with its reason, and adds none', async (t) => {
  const { call } = await openManagement(t);
  const logout = 'backchannelLogoutUri';
  const refused: [object, string | undefined][] = [
    [{ name: ' ' }, 'name'],
    [{ redirectUris: [] }, 'redirect_uris'],
    [{ redirectUris: ['http://portal.example/'] }, 'redirect_uris'],
    [{ redirectUris: Array(21).fill('https://portal.example/') }, 'redirect_uris'],
    [{ redirectUris: [`https://portal.example/${'x'.repeat(2_000)}`] }, 'redirect_uris'],
    [{ postLogoutRedirectUris: ['/'] }, 'post_logout_redirect_uris'],
    [{ [logout]: 'https://10.0.0.7/out' }, 'backchannel_internal'],
    [{ [logout]: 'http://portal.example/out' }, 'backchannel_logout_uri'],
    [{ backchannelInternal: true }, 'backchannel_logout_uri'],
    [{ partners: Array.from({ length: 101 }, (_, number) => `partner-${number}`) }, 'partners'],
    [{ jwks: { keys: [] } }, 'jwks'],
    [{ jwks: { keys: [KEY], padding: 'x'.repeat(16 * 1024) } }, 'jwks'],
    [{ jwks: { keys: [{ ...KEY, d: 'x' }] } }, 'jwks_private'],
    [{ jwks: { keys: [KEY] }, type: 'browser' }, 'jwks_type'],
    [{ jwks: 'text' }, undefined],
    [{ type: 'native' }, undefined],
    [{ idTokenAlg: 'none' }, undefined],
    [{ secret: 'mine' }, undefined],
    [{ redirectUris: 'https://portal.example/' }, undefined],
  ];
  for (const [field, reason] of refused) {
    const { status, body } = await call('POST', '/clients', { ...PORTAL, ...field });
    const what = JSON.stringify(field).slice(0, 80);
    assert.deepEqual([status, body.code, body.reason], [400, 'invalid_request', reason], what);
  }
  const nobody = await call('POST', '/clients', { ...PORTAL, partners: ['nobody'] });
  assert.deepEqual([nobody.status, nobody.body.reason], [404, 'partner']);
  for (const path of ['', '/new-secret', '/disable', '/enable']) {
    const missing = await call(path === '' ? 'GET' : 'POST', `/clients/nobody${path}`);
    assert.deepEqual([missing.status, missing.body.reason], [404, 'client']);
  }
  assert.deepEqual((await call('GET', '/clients')).body, { data: [], nextCursor: null });
});

test('a client or a secret asked for again under its name is answered again, and made once', async (t) => {
  const { world, call } = await openManagement(t);
  const first = await call('POST', '/clients', PORTAL, 'deploy-1');
  const again = await call('POST', '/clients', { redirectUris: PORTAL.redirectUris, name: PORTAL.name }, 'deploy-1');
  assert.deepEqual([again.status, again.body], [200, first.body]);
  const path = `/clients/${first.body.id}/new-secret`;
  const secrets = [await call('POST', path, {}, 'deploy-2'), await call('POST', path, undefined, 'deploy-2')];
  assert.deepEqual(secrets[0]?.body, secrets[1]?.body);
  const other = await call('POST', '/clients', PORTAL);
  const reused = await call('POST', `/clients/${other.body.id}/new-secret`, {}, 'deploy-2');
  assert.equal(reused.body.code, 'idempotency_key_reused');
  const actions = (await world.events()).map(({ action }) => action).filter((action) => action.startsWith('client.'));
  assert.deepEqual(actions, ['client.added', 'client.secret_renewed', 'client.added']);
});

test('clients are listed a page at a time, each with all its partners', async (t) => {
  const { world, call } = await openManagement(t);
  await world.addPartner({ slug: 'beta', name: 'Beta' });
  for (const name of ['One', 'Two', 'Three'])
    await call('POST', '/clients', { ...PORTAL, name, partners: ['beta', 'acme'] });
  type Listed = { data: { name: string; partners: string[] }[]; nextCursor: string | null };
  const page = async (query: string) => Object((await call('GET', `/clients?limit=2${query}`)).body) as Listed;
  const first = await page('');
  const second = await page(`&after=${first.nextCursor}`);
  const rows = [...first.data, ...second.data].map(({ name, partners }) => [name, ...partners]);
  assert.deepEqual(rows, [
    ['One', 'acme', 'beta'],
    ['Two', 'acme', 'beta'],
    ['Three', 'acme', 'beta'],
  ]);
  assert.deepEqual([first.data.length, second.nextCursor], [2, null]);
});

test('reading clients and changing them need a scope of their own each', async (t) => {
  const { world, call } = await openManagement(t);
  const { id } = (await call('POST', '/clients', PORTAL)).body;
  const reader = await makeKey(world, ['clients:read', 'partners:write', 'users:write']);
  const writer = await makeKey(world, ['clients:write', 'partners:read']);
  const statusOf = async (key: string, method: string, path: string, body?: unknown) =>
    (await callWithKey(world, { method, path, key, body })).status;
  for (const path of ['/clients', `/clients/${id}`]) {
    assert.equal(await statusOf(reader.key, 'GET', path), 200);
    assert.equal(await statusOf(writer.key, 'GET', path), 403);
  }
  for (const [path, body] of [['', PORTAL], [`/${id}/new-secret`], [`/${id}/disable`], [`/${id}/enable`]] as const) {
    assert.equal(await statusOf(writer.key, 'POST', `/clients${path}`, body), 200, path);
    assert.equal(await statusOf(reader.key, 'POST', `/clients${path}`, body), 403, path);
  }
});
