import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRefusal } from '#core/values/result.ts';
import { tokenHash } from '#core/values/token.ts';
import { addClient, disableClient, enableClient, renewClientSecret } from '#flows/administration/openid-clients.ts';
import { findClient, isUseNews, listClients, noteClientUse } from '#store/oidc/clients.ts';
import { countClientGrants } from '#store/oidc/grants.ts';
import { grant, makeClient, PORTAL, PUBLIC_KEY } from '../stories/openid/client-story.ts';
import { openWorld, START, type World } from '../world.ts';

const ACTOR = 'command_line';
async function eventsOf({ env }: World) {
  const rows = await env.db.read.selectFrom('audit_events').select(['action', 'detail']).orderBy('id').execute();
  return rows.flatMap(({ action, detail }) => (action.startsWith('client.') ? [[action, JSON.parse(detail)]] : []));
}

test('a client is kept as it was described, with the hash of a secret that is nowhere', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const acme = await world.addPartner({ slug: 'acme', name: 'Acme' });
  await world.addPartner({ slug: 'other', name: 'Other' });
  const beta = await world.addPartner({ slug: 'beta', name: 'Beta' });
  const { client, secret } = await makeClient(env, { partners: ['beta', 'acme', 'acme'], isThirdParty: true });
  assert.match(secret ?? '', /^spc_[\w-]{43}$/);
  const found = await findClient(env.db.read, client.id);
  assert.deepEqual(found, client);
  assert.deepEqual(found, {
    ...{ ...PORTAL, isThirdParty: true, id: client.id, secretHash: tokenHash(secret ?? '') },
    partners: [
      { id: acme.id, slug: 'acme', name: 'Acme' },
      { id: beta.id, slug: 'beta', name: 'Beta' },
    ],
    ...{ createdAt: START, createdBy: ACTOR, disabledAt: undefined, lastUsedAt: undefined },
  });
  const second = await makeClient(env, { name: 'Second', type: 'browser' });
  assert.deepEqual(await listClients(env.db.read), [client, second.client]);
  assert.deepEqual(await eventsOf(world), [
    ['client.added', { clientId: client.id, type: 'web', thirdParty: true }],
    ['client.added', { clientId: second.client.id, type: 'browser', thirdParty: false }],
  ]);
});

test('a browser client and one with keys have no secret, and get none later', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const browser = await makeClient(env, { type: 'browser' });
  const jwks = JSON.stringify({ keys: [{ ...PUBLIC_KEY, 'x-note': 'ours' }] });
  const keyed = await makeClient(env, { jwks });
  assert.deepEqual(keyed.client.jwks, { keys: [{ ...PUBLIC_KEY, use: 'sig' }] });
  for (const { client, secret } of [browser, keyed]) {
    assert.equal(secret, undefined);
    assert.equal(client.secretHash, undefined);
    const refused = await renewClientSecret(env, ACTOR, client.id);
    assert.deepEqual(refused, { refused: 'forbidden', reason: 'client_without_secret' });
    assert.deepEqual(await findClient(env.db.read, client.id), client);
  }
  const nobody = await renewClientSecret(env, ACTOR, 'nobody');
  assert.deepEqual(nobody, { refused: 'not_found', reason: 'client' });
});

test('a new secret takes the place of the one before', async (t) => {
  const world = await openWorld(t);
  const first = await makeClient(world.env);
  const renewed = await renewClientSecret(world.env, ACTOR, first.client.id);
  assert(!isRefusal(renewed));
  assert.notEqual(renewed.secret, first.secret);
  const found = await findClient(world.env.db.read, first.client.id);
  assert.equal(found?.secretHash, tokenHash(renewed.secret ?? ''));
  assert.deepEqual((await eventsOf(world)).at(-1), ['client.secret_renewed', { clientId: first.client.id }]);
});

test('a client is disabled and enabled once each, and says since when', async (t) => {
  const world = await openWorld(t);
  const { env, clock } = world;
  const { client } = await makeClient(env);
  clock.at = START + 60;
  const disabled = { client: { ...client, disabledAt: START + 60 }, grants: 0 };
  assert.deepEqual(await disableClient(env, ACTOR, client.id), disabled);
  clock.at = START + 90;
  assert.deepEqual(await disableClient(env, ACTOR, client.id), disabled);
  assert.deepEqual(await enableClient(env, ACTOR, client.id), client);
  assert.deepEqual(await enableClient(env, ACTOR, client.id), client);
  const actions = (await eventsOf(world)).map(([action]) => action);
  assert.deepEqual(actions, ['client.added', 'client.disabled', 'client.enabled']);
  for (const act of [disableClient, enableClient])
    assert.deepEqual(await act(env, ACTOR, 'nobody'), { refused: 'not_found', reason: 'client' });
});

test('what a client was granted ends for good when it is disabled, and it gets no notice of it', async (t) => {
  const world = await openWorld(t);
  const { env } = world;
  const { read } = env.db;
  const { client } = await makeClient(env, { backchannelLogoutUri: 'https://portal.example/out' });
  const { client: other } = await makeClient(env);
  for (const id of ['one', 'two']) await grant(world, client.id, id);
  await grant(world, other.id, 'three');
  assert.equal(await countClientGrants(read, client.id, world.clock.at), 2);
  assert.equal(await countClientGrants(read, client.id, world.clock.at + 60), 0);
  const disabled = await disableClient(env, ACTOR, client.id);
  assert(!isRefusal(disabled));
  assert.equal(disabled.grants, 2);
  assert.deepEqual((await eventsOf(world)).at(-1), ['client.disabled', { clientId: client.id, grants: 2 }]);
  await enableClient(env, ACTOR, client.id);
  const left = await read.selectFrom('oidc_grants').select('id').execute();
  assert.deepEqual(left, [{ id: 'three' }]);
  assert.deepEqual(await read.selectFrom('oidc_logouts').select('id').execute(), []);
});

test('a client for a partner that does not exist is not added', async (t) => {
  const world = await openWorld(t);
  await world.addPartner({ slug: 'acme' });
  for (const partners of [['acme', 'nobody'], ['x'.repeat(65)], ['']])
    assert.deepEqual(await addClient(world.env, ACTOR, { ...PORTAL, partners }), {
      ...{ refused: 'not_found', reason: 'partner' },
    });
  const many = Array.from({ length: 101 }, (_, number) => `partner-${number}`);
  assert.deepEqual(await addClient(world.env, ACTOR, { ...PORTAL, partners: many }), {
    ...{ refused: 'invalid_request', reason: 'partners' },
  });
  assert.deepEqual(await listClients(world.env.db.read), []);
});

test('a partner that a client is for cannot be deleted: the client would be for everybody then', async (t) => {
  const world = await openWorld(t);
  const acme = await world.addPartner({ slug: 'acme' });
  await makeClient(world.env, { partners: ['acme'] });
  const deleting = world.env.db.transaction((tx) => tx.deleteFrom('partners').where('id', '=', acme.id).execute());
  await assert.rejects(deleting);
});

test('the use of a client is noted at most once a minute', async (t) => {
  const { env } = await openWorld(t);
  const { client } = await makeClient(env);
  const use = async (now: number) => {
    await env.db.transaction((tx) => noteClientUse(tx, client.id, now));
    return (await findClient(env.db.read, client.id))?.lastUsedAt;
  };
  assert.equal(isUseNews(client, START), true);
  assert.equal(await use(START), START);
  assert.equal(isUseNews({ lastUsedAt: START }, START + 59), false);
  assert.equal(await use(START + 59), START);
  assert.equal(isUseNews({ lastUsedAt: START }, START + 60), true);
  assert.equal(await use(START + 60), START + 60);
});
