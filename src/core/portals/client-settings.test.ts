import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkClientSettings, hasSecret, isRedirectUri, type TypedClient } from './client-settings.ts';

const PORTAL: TypedClient = {
  name: ' Partner  Portal ',
  type: 'web',
  redirectUris: ['https://portal.example/callback'],
  postLogoutRedirectUris: [],
  backchannelLogoutUri: undefined,
  isBackchannelInternal: false,
  isThirdParty: false,
  jwks: undefined,
  idTokenAlg: 'ES256',
};

function reasonOf(typed: Partial<TypedClient>) {
  const outcome = checkClientSettings({ ...PORTAL, ...typed });
  return 'refused' in outcome ? outcome.reason : undefined;
}

test('a redirect URI is https, or http to the machine of the browser', () => {
  const good = [
    'https://portal.example/callback',
    'https://portal.example',
    'https://portal.example:8443/a?b=c&d',
    'HTTPS://Portal.Example/Callback',
    'https://10.0.0.7/callback',
    'http://localhost:8080/callback',
    'http://127.0.0.1/callback',
    'http://[::1]:3000/callback',
    `https://portal.example/${'x'.repeat(2_000 - 23)}`,
  ];
  for (const uri of good) assert.equal(isRedirectUri(uri), true, uri);
});

test('what is not absolute, has a fragment or a user, or goes elsewhere is no redirect URI', () => {
  const bad = [
    ...['', '/callback', 'portal.example/callback', '//portal.example/callback', 'https:portal.example'],
    ...['https://portal.example/#', 'https://portal.example/callback#top', 'http://portal.example/callback'],
    ...['http://localhost.portal.example/', 'http://127.0.0.2/', 'http://0.0.0.0/', 'http://localhost@evil.example/'],
    ...[
      'https://ana@portal.example/',
      'https://ana:pw@portal.example/',
      'javascript:alert(1)',
      'com.example.app:/callback',
    ],
    ...['com.example.app://callback', 'data://text/html,x', 'ftp://portal.example/'],
    `https://portal.example/${'x'.repeat(2_001 - 23)}`,
  ];
  for (const uri of bad) assert.equal(isRedirectUri(uri), false, uri);
});

test('what a parser would put right first is no redirect URI: it is compared as it was typed', () => {
  const bad = [
    ...[
      ' https://portal.example/',
      'https://portal.example/\n',
      'https://portal.example/a b',
      'https:\\\\portal.example',
    ],
    ...[
      'https://portal.example\\@evil.example/',
      'https://pörtal.example/',
      'https://portal.example/\tx',
      'https://\0/',
    ],
  ];
  for (const uri of bad) assert.equal(isRedirectUri(uri), false, JSON.stringify(uri));
});

test('a host that would begin another directive of our Content-Security-Policy, or stands for many, is refused', () => {
  for (const host of ['a;sandbox', 'a,b', "a'b", '*.portal.example', '*', 'a"b', 'a%3bb'])
    assert.equal(isRedirectUri(`https://${host}/callback`), false, host);
});

test('a client has 1 to 20 redirect URIs, each once, and up to 20 to go to after sign-out', () => {
  const many = (count: number) => Array.from({ length: count }, (_, number) => `https://portal.example/${number}`);
  assert.equal(reasonOf({ redirectUris: [] }), 'redirect_uris');
  assert.equal(reasonOf({ redirectUris: many(20), postLogoutRedirectUris: many(20) }), undefined);
  assert.equal(reasonOf({ redirectUris: many(21) }), 'redirect_uris');
  assert.equal(reasonOf({ postLogoutRedirectUris: many(21) }), 'post_logout_redirect_uris');
  assert.equal(reasonOf({ redirectUris: ['https://portal.example/', 'nonsense'] }), 'redirect_uris');
  assert.equal(reasonOf({ postLogoutRedirectUris: ['http://portal.example/'] }), 'post_logout_redirect_uris');
  const twice = checkClientSettings({ ...PORTAL, redirectUris: ['https://a.example/', 'https://a.example/'] });
  assert('redirectUris' in twice);
  assert.deepEqual([twice.name, twice.redirectUris], ['Partner Portal', ['https://a.example/']]);
});

test('back-channel logout goes to https on the public Internet', () => {
  for (const uri of ['https://portal.example/out', 'https://93.184.215.14/out', 'https://[2606:2800:21f::1]/out'])
    assert.equal(reasonOf({ backchannelLogoutUri: uri }), undefined, uri);
  for (const uri of [
    'http://portal.example/out',
    'portal.example',
    'https://portal.example/#x',
    'http://10.0.0.7/',
    '',
  ])
    for (const isBackchannelInternal of [false, true])
      assert.equal(reasonOf({ backchannelLogoutUri: uri, isBackchannelInternal }), 'backchannel_logout_uri', uri);
});

test('back-channel logout goes to an address of the own network only where that is said', () => {
  const internal = [
    ...[
      'https://10.0.0.7/out',
      'https://127.0.0.1/out',
      'https://169.254.169.254/out',
      'https://[::1]/',
      'https://[fd00::7]/',
    ],
    ...[
      'https://[::ffff:10.0.0.7]/',
      'https://2130706433/',
      'https://0x7f.1/',
      'https://localhost/',
      'https://portal/out',
    ],
    ...['https://a.localhost/', 'https://printer.local/', 'https://portal.internal/', 'https://nas.home.arpa/'],
    ...['https://localhost./', 'http://localhost:8080/out', 'http://127.0.0.1/out', 'http://[::1]/out'],
  ];
  for (const uri of internal) {
    assert.equal(reasonOf({ backchannelLogoutUri: uri }), 'backchannel_internal', uri);
    assert.equal(reasonOf({ backchannelLogoutUri: uri, isBackchannelInternal: true }), undefined, uri);
  }
  assert.equal(reasonOf({ isBackchannelInternal: true }), 'backchannel_logout_uri', 'internal without an address');
});

test('a name is a name', () => {
  for (const name of ['', ' ', 'a\nb', 'x'.repeat(101)]) assert.equal(reasonOf({ name }), 'name');
});

test('keys take the place of a secret, and a browser can keep neither', () => {
  const keys = { keys: [{ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }] };
  const jwks = JSON.stringify(keys);
  const keyed = checkClientSettings({ ...PORTAL, jwks });
  const browser = checkClientSettings({ ...PORTAL, type: 'browser' });
  const web = checkClientSettings(PORTAL);
  assert(!('refused' in keyed) && !('refused' in browser) && !('refused' in web));
  assert.deepEqual([hasSecret(keyed), hasSecret(browser), hasSecret(web)], [false, false, true]);
  assert.equal(reasonOf({ jwks, type: 'browser' }), 'jwks_type');
  assert.equal(reasonOf({ jwks: 'nonsense' }), 'jwks');
  assert.equal(reasonOf({ jwks: JSON.stringify({ keys: [{ ...keys.keys[0], d: 'x' }] }) }), 'jwks_private');
});
