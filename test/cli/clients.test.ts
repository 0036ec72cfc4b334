import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tokenHash } from '#core/values/token.ts';
import { findClient } from '#store/oidc/clients.ts';
import { fill, openKeyWorld } from '../keys/key-world.ts';
import { assertRefused } from './command-line.ts';

const CALLBACK = 'https://portal.example/callback';
const KEY = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };

async function openCommands(t: TestContext) {
  const world = openKeyWorld(t);
  const server = await world.serve('one:1');
  await fill(server, { people: 1, mails: 0 });
  const { env } = server;
  const say = async (...args: string[]) => {
    const said = await world.command(['client', ...args]);
    assert.equal(said.code, 0, said.err);
    return said.out;
  };
  const json = async (...args: string[]) => JSON.parse(await say(...args, '--json'));
  const refuse = async (code: 1 | 2, line: RegExp, ...args: string[]) =>
    assertRefused(await world.command(['client', ...args]), code, line);
  return { ...world, env, say, json, refuse };
}

test('a client is added with all that can be said of it, and its record is the same everywhere', async (t) => {
  const { env, json } = await openCommands(t);
  const { secret, ...record } = await json(
    ...['add', 'Partner Portal', '--redirect-uri', CALLBACK, '--redirect-uri', 'http://localhost:8080/callback'],
    ...['--post-logout-redirect-uri', 'https://portal.example/', '--partner', 'acme', '--third-party'],
    ...['--backchannel-logout-uri', 'https://10.0.0.7/out', '--internal', '--id-token-alg', 'RS256'],
  );
  assert.match(secret, /^spc_[\w-]{43}$/);
  assert.deepEqual(record, {
    ...{ id: record.id, name: 'Partner Portal', type: 'web' },
    redirectUris: [CALLBACK, 'http://localhost:8080/callback'],
    postLogoutRedirectUris: ['https://portal.example/'],
    ...{ backchannelLogoutUri: 'https://10.0.0.7/out', thirdParty: true, partners: ['acme'], state: 'active' },
  });
  assert.deepEqual(await json('list'), [record]);
  assert.deepEqual(await json('show', record.id), record);
  const found = await findClient(env.db.read, record.id);
  assert.deepEqual(
    [found?.secretHash, found?.idTokenAlg, found?.isBackchannelInternal, found?.createdBy],
    [tokenHash(secret), 'RS256', true, 'command_line'],
  );
});

test('what nobody says is the usual: a web client of ours, for everybody', async (t) => {
  const { env, json } = await openCommands(t);
  const { id, secret: _, ...record } = await json('add', 'Portal', '--redirect-uri', CALLBACK);
  assert.deepEqual(record, {
    ...{ name: 'Portal', type: 'web', redirectUris: [CALLBACK], postLogoutRedirectUris: [] },
    ...{ backchannelLogoutUri: null, thirdParty: false, partners: [], state: 'active' },
  });
  assert.equal((await findClient(env.db.read, id))?.idTokenAlg, 'ES256');
});

test('in words a new client comes with what its configuration needs', async (t) => {
  const { env, say } = await openCommands(t);
  const issuer = env.config.publicUrl.origin;
  const said = await say('add', 'Portal', '--redirect-uri', CALLBACK);
  const id = /^OIDC_CLIENT_ID=(.+)$/m.exec(said)?.[1] ?? '';
  const block = (secret?: string) =>
    [
      ...[`OIDC_ISSUER=${issuer}`, `OIDC_DISCOVERY_URL=${issuer}/.well-known/openid-configuration`],
      ...[`OIDC_CLIENT_ID=${id}`, ...(secret === undefined ? [] : [`OIDC_CLIENT_SECRET=${secret}`])],
      `OIDC_REDIRECT_URI=${CALLBACK}\n`,
    ].join('\n');
  const secretIn = (text: string) => /^OIDC_CLIENT_SECRET=(spc_[\w-]{43})$/m.exec(text)?.[1] ?? '';
  const secretOf = async () => (await findClient(env.db.read, id))?.secretHash;
  assert.equal(said, `Portal is active. Its secret is not shown again.\n\n${block(secretIn(said))}`);
  assert.equal(await secretOf(), tokenHash(secretIn(said)));
  const shown = await say('show', id);
  assert.ok(shown.endsWith(`\n\n${block()}`), shown);
  assert.match(shown, /^Used +never used$/m);
  const renewed = await say('new-secret', id);
  assert.notEqual(secretIn(renewed), secretIn(said));
  assert.equal(await secretOf(), tokenHash(secretIn(renewed)));
  assert.match(
    await say('disable', id),
    /^Portal is disabled: nobody can sign in to it\.\nEnded with their tokens: sign-ins to it 0\./,
  );
  assert.match(await say('list'), /Portal +web +disabled 20.*never used/);
  assert.match(await say('new-secret', id), /^Portal is disabled\./);
  assert.equal(await say('enable', id), 'Portal is active: people can sign in to it.\n');
});

test('a client with keys or in a browser has no secret', async (t) => {
  const { folder, env, say, json, refuse } = await openCommands(t);
  const file = (name: string, content: unknown) => {
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
    return join(folder, name);
  };
  const add = ['add', 'Portal', '--redirect-uri', CALLBACK];
  const keyed = await json(...add, '--jwks', file('public.json', { keys: [KEY] }));
  assert.equal('secret' in keyed, false);
  assert.deepEqual((await findClient(env.db.read, keyed.id))?.jwks, { keys: [{ ...KEY, use: 'sig' }] });
  assert.match(await say('show', keyed.id), /^Authenticates with +private_key_jwt$/m);
  const browser = await say(...add, '--type', 'browser');
  assert.match(browser, /^Portal is active\. It has no secret\./);
  assert.doesNotMatch(browser, /SECRET/);
  await refuse(1, /has no secret/, 'new-secret', keyed.id);

  await refuse(
    1,
    /private or secret key.*only public keys/,
    ...add,
    '--jwks',
    file('d.json', { keys: [{ ...KEY, d: 'x' }] }),
  );
  await refuse(1, /not a JWK Set/, ...add, '--jwks', file('long.json', `{"keys":[${' '.repeat(70_000)}]}`));
  await refuse(1, /not a JWK Set/, ...add, '--jwks', file('text', 'nonsense'));
  // Sparse: it takes no space, but is larger than a program can read at once.
  truncateSync(file('huge.json', ''), 3 * 2 ** 30);
  await refuse(1, /not a JWK Set/, ...add, '--jwks', join(folder, 'huge.json'));
  await refuse(1, /there is no file .*missing/, ...add, '--jwks', join(folder, 'missing'));
  await refuse(2, /--jwks goes only with --type web/, ...add, '--type', 'browser', '--jwks', 'x');
  assert.equal((await json('list')).length, 2, 'what was refused was not added');
});

test('what a client cannot be is refused in one line that says what to do', async (t) => {
  const { refuse, json } = await openCommands(t);
  const add = ['add', 'Portal', '--redirect-uri', CALLBACK];
  const out = (uri: string) => [...add, '--backchannel-logout-uri', uri];
  await refuse(2, /--redirect-uri is missing/, 'add', 'Portal');
  await refuse(2, /--type must be one of web, browser/, ...add, '--type', 'native');
  await refuse(2, /--id-token-alg must be one of ES256, RS256/, ...add, '--id-token-alg', 'none');
  await refuse(2, /--internal goes only with --backchannel-logout-uri/, ...add, '--internal');
  await refuse(2, /--type is given twice/, ...add, '--type', 'web', '--type', 'web');
  await refuse(1, /not a valid name/, 'add', ' ', '--redirect-uri', CALLBACK);
  await refuse(1, /redirect URI is absolute, https/, 'add', 'Portal', '--redirect-uri', 'http://portal.example/');
  await refuse(1, /to go to after sign-out is absolute/, ...add, '--post-logout-redirect-uri', '/');
  await refuse(1, /add --internal if this is intended/, ...out('https://10.0.0.7/out'));
  await refuse(1, /back-channel logout URI is absolute and https/, ...out('http://portal.example/out'));
  await refuse(1, /there is no such partner/, ...add, '--partner', 'acme', '--partner', 'nobody');
  for (const verb of ['show', 'new-secret', 'disable', 'enable']) await refuse(1, /no such client/, verb, 'nobody');
  assert.deepEqual(await json('list'), []);
});
