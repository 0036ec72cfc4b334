import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tokenHash } from '#core/values/token.ts';
import { disableClient } from '#flows/administration/openid-clients.ts';
import { findClient, listClients, noteClientUse } from '#store/oidc/clients.ts';
import { plain, refusalOn, sendUnoffered } from '../../story.ts';
import { ORIGIN, openWorld, type World } from '../../world.ts';
import { grant, makeClient, PUBLIC_KEY } from '../openid/client-story.ts';
import { enterStaff, ROBIN, read } from './console-story.ts';

const NEW = '/console/clients/new';
const CALLBACK = 'https://portal.example/callback';

async function openClients(t: Parameters<typeof openWorld>[0]) {
  const world = await openWorld(t);
  await world.addPartner({ slug: 'acme', name: 'Acme Telecom' });
  return { world, robin: await enterStaff(world, 'admin', ROBIN) };
}

async function clientsOf({ env }: World) {
  return listClients(env.db.read);
}

function secretIn(text: string): string {
  return /<code>(spc_[\w-]{43})<\/code>/.exec(text)?.[1] ?? '';
}

test('an administrator adds a client, and gets its secret once with all that its settings need', async (t) => {
  const { world, robin } = await openClients(t);
  const made = await robin.submit(NEW, {
    ...{ name: 'Partner Portal', type: 'web', redirect_uris: `${CALLBACK}\r\nhttp://localhost:8080/callback\r\n` },
    ...{ post_logout_redirect_uris: ' https://portal.example/ ', backchannel_logout_uri: ' https://10.0.0.7/out ' },
    ...{ backchannel_internal: 'yes', third_party: 'yes', partners: 'acme', jwks: '', id_token_alg: 'RS256' },
  });
  assert.equal(made.status, 200);
  const secret = secretIn(made.text);
  const [client] = await clientsOf(world);
  assert.ok(client);
  assert.deepEqual(
    { ...client, partners: client.partners.map(({ slug }) => slug), createdAt: 0 },
    {
      ...{
        id: client.id,
        name: 'Partner Portal',
        type: 'web',
        isThirdParty: true,
        idTokenAlg: 'RS256',
        jwks: undefined,
      },
      ...{ redirectUris: [CALLBACK, 'http://localhost:8080/callback'] },
      ...{ postLogoutRedirectUris: ['https://portal.example/'], backchannelLogoutUri: 'https://10.0.0.7/out' },
      ...{ isBackchannelInternal: true, partners: ['acme'], secretHash: tokenHash(secret), createdAt: 0 },
      ...{ createdBy: client.createdBy, disabledAt: undefined, lastUsedAt: undefined },
    },
  );
  const settings = [
    ...[`OIDC_ISSUER=${ORIGIN}`, `OIDC_DISCOVERY_URL=${ORIGIN}/.well-known/openid-configuration`],
    ...[`OIDC_CLIENT_ID=${client.id}`, `OIDC_CLIENT_SECRET=${secret}`, `OIDC_REDIRECT_URI=${CALLBACK}`],
  ];
  assert.ok(made.text.includes(settings.join('\n')), made.text);
  const page = await robin.get(`/console/clients/${client.id}`);
  assert.ok(page.text.includes(settings.filter((line) => !line.includes('SECRET')).join('\n')));
  assert.ok(!page.text.includes(secret));
  for (const words of [CALLBACK, 'Acme Telecom', 'as far as the person agrees', 'Active', 'never', 'RS256', 'Secret'])
    assert.ok(plain(page.text).includes(words), words);
});

test('a client in the browser or with keys is added without a secret, and leads to its own page', async (t) => {
  const { world, robin } = await openClients(t);
  for (const [how, proof] of [
    [{ type: 'browser' }, 'None: runs in a browser'],
    [{ type: 'web', jwks: JSON.stringify({ keys: [PUBLIC_KEY] }) }, 'Key (private_key_jwt)'],
  ] as const) {
    const { location = '' } = await robin.post(NEW, { name: 'Portal', redirect_uris: CALLBACK, ...how });
    const client = (await clientsOf(world)).at(-1);
    assert.equal(location, `/console/clients/${client?.id}?done=clientAdded`);
    const text = await read(robin, location);
    assert.match(text, /Client added/);
    assert.ok(text.includes(proof), text);
    assert.doesNotMatch(text, /New secret/);
    const page = `/console/clients/${client?.id}`;
    assert.equal((await robin.get(`${page}/new-secret`)).status, 404);
    const sent = await sendUnoffered(robin, `${page}/disable`, `${page}/new-secret`);
    assert.deepEqual([sent.status, refusalOn(sent.text)], [403, 'This client has no secret Nothing was changed.']);
  }
});

test('what a client cannot be is said beside its field, and what was typed is there again', async (t) => {
  const { world, robin } = await openClients(t);
  const uris = Array.from({ length: 21 }, (_, number) => `https://portal.example/${number}`).join('\n');
  const refused: [Record<string, string>, string, RegExp][] = [
    [{ name: ' ' }, 'name', /Enter a name/],
    [{ redirect_uris: '' }, 'redirect_uris', /1 to 20 https addresses/],
    [{ redirect_uris: 'http://portal.example/' }, 'redirect_uris', /1 to 20 https addresses/],
    [{ redirect_uris: uris }, 'redirect_uris', /1 to 20 https addresses/],
    [{ redirect_uris: `${CALLBACK}${' '.repeat(40_100)}https://b.example/` }, 'redirect_uris', /1 to 20/],
    [{ post_logout_redirect_uris: '/' }, 'post_logout_redirect_uris', /up to 20 https addresses/],
    [{ backchannel_logout_uri: 'https://10.0.0.7/' }, 'backchannel_logout_uri', /on a private network/],
    [{ backchannel_logout_uri: 'http://a.example/' }, 'backchannel_logout_uri', /Enter an https address/],
    [{ backchannel_internal: 'yes' }, 'backchannel_logout_uri', /Enter an https address/],
    [{ partners: 'acme nobody' }, 'partners', /existing partner accounts/],
    [{ jwks: 'nonsense' }, 'jwks', /JWK Set of 1 to 10 public keys/],
    [{ jwks: JSON.stringify({ keys: [PUBLIC_KEY] }), type: 'browser' }, 'jwks', /can’t have keys/],
  ];
  for (const [fields, field, words] of refused) {
    const { status, text } = await robin.post(NEW, { name: 'My Portal', redirect_uris: CALLBACK, ...fields });
    assert.equal(status, field === 'partners' ? 404 : 400, field);
    assert.match(refusalOn(text), words, field);
    assert.match(text, new RegExp(`id="${field}-error"`), field);
    assert.ok(text.includes('My Portal') || 'name' in fields);
    assert.equal(/<details[^>]* open/.test(text), !['name', 'redirect_uris'].includes(field), field);
  }
  assert.deepEqual(await clientsOf(world), []);
});

test('a private key that was pasted is refused as that, and not shown again', async (t) => {
  const { world, robin } = await openClients(t);
  const jwks = JSON.stringify({ keys: [{ ...PUBLIC_KEY, d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A' }] });
  const { status, text } = await robin.post(NEW, { name: 'Portal', redirect_uris: CALLBACK, jwks });
  assert.equal(status, 400);
  assert.match(refusalOn(text), /This contains a private key/);
  assert.match(text, /<details[^>]* open/, 'where the field is that it is about');
  assert.doesNotMatch(text, /nWGxne/);
  assert.deepEqual(await clientsOf(world), []);
});

test('a new secret ends the one before, and the page before it says so', async (t) => {
  const { world, robin } = await openClients(t);
  const { client, secret } = await makeClient(world.env);
  const path = `/console/clients/${client.id}/new-secret`;
  assert.match(await read(robin, path), /The current secret of Partner Portal will stop working right away/);
  const renewed = secretIn((await robin.submit(path)).text);
  assert.notEqual(renewed, secret);
  assert.equal((await findClient(world.env.db.read, client.id))?.secretHash, tokenHash(renewed));
});

test('disabling a client says what ends with it, and it can be enabled again', async (t) => {
  const { world, robin } = await openClients(t);
  const { client } = await makeClient(world.env);
  await world.env.db.transaction((tx) => noteClientUse(tx, client.id, world.clock.at));
  const page = `/console/clients/${client.id}`;
  for (const id of ['one', 'two']) await grant(world, client.id, id);
  assert.match(await read(robin, '/console/clients'), /Partner Portal Everyone Active .*2027/);
  const question = await read(robin, `${page}/disable`);
  assert.match(
    question,
    /No one will be able to sign in to Partner Portal\. 2 sign-ins to it will end, with their tokens\./,
  );
  const disabled = await robin.submit(`${page}/disable`);
  assert.match(plain(disabled.text), /Disabled\. No one can sign in to it, and its tokens have ended\./);
  assert.notEqual((await findClient(world.env.db.read, client.id))?.disabledAt, undefined);
  assert.match(await read(robin, '/console/clients'), /Partner Portal Everyone Disabled/);
  assert.match(plain((await robin.submit(`${page}/enable`)).text), /Enabled\. People can sign in to it again\./);
  assert.equal((await findClient(world.env.db.read, client.id))?.disabledAt, undefined);
  const acts = (await world.events()).filter(({ action }) => /^client\.(dis|en)abled$/.test(action));
  assert.deepEqual(
    acts.map(({ action, detail }) => [action, detail.clientId]),
    [
      ['client.disabled', client.id],
      ['client.enabled', client.id],
    ],
  );
});

test('a client that does not exist is a page that says so, whatever is asked of it', async (t) => {
  const { world, robin } = await openClients(t);
  const { client } = await makeClient(world.env);
  for (const act of ['', '/disable', '/enable', '/new-secret'])
    assert.equal((await robin.get(`/console/clients/nobody${act}`)).status, 404, act);
  for (const act of ['disable', 'enable', 'new-secret']) {
    const { status } = await sendUnoffered(
      robin,
      `/console/clients/${client.id}/disable`,
      `/console/clients/nobody/${act}`,
    );
    assert.equal(status, 404, act);
  }
});

test('customer success does not see clients', async (t) => {
  const { world } = await openClients(t);
  const { client } = await makeClient(world.env);
  await disableClient(world.env, 'command_line', client.id);
  const chris = await enterStaff(world, 'csm', 'chris@portal.example');
  for (const path of ['', '/new', `/${client.id}`, `/${client.id}/enable`])
    assert.equal((await chris.get(`/console/clients${path}`)).status, 403, path);
  assert.doesNotMatch((await chris.get('/console/partners')).text, /console\/clients/);
});
