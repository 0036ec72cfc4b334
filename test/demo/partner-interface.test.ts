import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwksCache, SignJWT } from 'jose';
import { Configuration } from 'openid-client';
import {
  type Attempt,
  beginSignIn,
  type Client,
  hasFreshMfa,
  type Person,
  readLogoutToken,
  signOutAddress,
} from '../../examples/partner-interface/client.ts';
import { accountPage, methodsInWords, problemPage } from '../../examples/partner-interface/pages.ts';
import { createPortal } from '../../examples/partner-interface/portal.ts';
import { createSessions } from '../../examples/partner-interface/sessions.ts';

const FOLDER = new URL('../../examples/partner-interface/', import.meta.url);
const ISSUER = 'https://sign-in.example';
const SETTINGS = { url: 'https://portal.example', issuer: ISSUER, clientId: 'portal', clientSecret: 'secret' };
const PERSON: Person = {
  sub: 'ana',
  sid: 'session-1',
  name: 'Ana Silva',
  partner: { id: 'p1', slug: 'acme', name: 'Acme Telecom' },
  amr: ['pwd', 'otp', 'mfa'],
  acr: 'urn:sallyport:acr:mfa',
  auth_time: 1_000,
  idToken: 'id-token',
};

test('the example is under 300 lines of code', () => {
  const lines = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => readFileSync(new URL(name, FOLDER), 'utf8').split('\n'))
    .filter((line) => !/^\s*(\/\/.*|\/\*\*.*|\*.*)?$/.test(line));
  assert(lines.length > 100 && lines.length < 300, `${lines.length} lines`);
});

test('the example rests on the same versions as the repository that runs it', () => {
  const own = JSON.parse(readFileSync(new URL('package.json', FOLDER), 'utf8'));
  const root = JSON.parse(readFileSync(new URL('../../package.json', FOLDER), 'utf8'));
  const known = { ...root.dependencies, ...root.devDependencies };
  for (const [name, version] of Object.entries(own.dependencies)) assert.equal(known[name], version, name);
});

test('a second factor is fresh for five minutes, and a passkey counts as one', () => {
  assert(hasFreshMfa(PERSON, 1_300));
  assert(!hasFreshMfa(PERSON, 1_301));
  assert(hasFreshMfa({ ...PERSON, acr: 'phr' }, 1_300));
  assert(!hasFreshMfa({ ...PERSON, acr: 'urn:sallyport:acr:pwd' }, 1_000));
});

test('each sign-in asks with a state, a nonce and a challenge of its own, and Payouts for a fresh second factor', async () => {
  const { client } = await clientWithKeys();
  const first = await asked(client, '/account');
  const second = await asked(client, '/payouts');
  for (const name of ['state', 'nonce', 'code_challenge']) {
    assert.match(first.get(name) ?? '', /^[\w-]{43}$/);
    assert.notEqual(first.get(name), second.get(name));
  }
  assert.equal(first.get('code_challenge_method'), 'S256');
  assert.equal(first.get('redirect_uri'), 'https://portal.example/callback');
  assert.deepEqual([first.get('acr_values'), first.get('max_age')], [null, null]);
  assert.deepEqual([second.get('acr_values'), second.get('max_age')], ['urn:sallyport:acr:mfa', '300']);
});

test('sign-out names who leaves, and where to lead them', async () => {
  const { client } = await clientWithKeys();
  const { searchParams } = new URL(signOutAddress(client, PERSON));
  assert.equal(searchParams.get('id_token_hint'), 'id-token');
  assert.equal(searchParams.get('post_logout_redirect_uri'), 'https://portal.example/signed-out');
});

test('a logout token counts only when our issuer made it for us, for a logout', async () => {
  const { client, sign } = await clientWithKeys();
  const stranger = await clientWithKeys();
  assert.equal(await readLogoutToken(client, await sign({})), 'session-1');
  const refused = {
    'of another issuer': sign({ iss: 'https://other.example' }),
    'for another client': sign({ aud: 'other' }),
    'that is over': sign({ exp: 1_000 }),
    'with a nonce, as an ID token has': sign({ nonce: 'n' }),
    'without the event': sign({ events: {} }),
    'without a session': sign({ sid: undefined }),
    'of another type': sign({}, 'JWT'),
    'signed by somebody else': stranger.sign({}),
    'that is none': Promise.resolve('none'),
  };
  for (const [what, token] of Object.entries(refused)) {
    await assert.rejects(readLogoutToken(client, await token), `a token ${what} was accepted`);
  }
});

test('a sign-in ends in the browser that began it, once, and other tabs go on', () => {
  const sessions = createSessions();
  const browser = sessions.begin('', 'state-1', attemptTo('/account'));
  assert.equal(sessions.begin(browser, 'state-2', attemptTo('/payouts')), browser);
  assert.equal(sessions.take('another browser', 'state-1'), undefined);
  assert.equal(sessions.take(browser, 'state-1')?.destination, '/account');
  assert.equal(sessions.take(browser, 'state-1'), undefined);
  const fresh = sessions.signIn(browser, PERSON);
  assert.notEqual(fresh, browser);
  assert.equal(sessions.find(browser), undefined);
  assert.equal(sessions.find(fresh), PERSON);
  assert.equal(sessions.take(fresh, 'state-2')?.destination, '/payouts');
  assert.equal(sessions.find(sessions.signIn(fresh, PERSON)), PERSON);
  assert.equal(sessions.find(fresh), undefined);
});

test('a session ends after eight hours, and at a notice about it alone', () => {
  let nowMs = 0;
  const sessions = createSessions(() => nowMs);
  const ana = sessions.signIn('', PERSON);
  const bo = sessions.signIn('', { ...PERSON, sid: 'session-2' });
  sessions.end(({ sid }) => sid === 'session-1');
  assert.deepEqual([sessions.find(ana), sessions.find(bo)?.sid], [undefined, 'session-2']);
  nowMs = 8 * 60 * 60 * 1000;
  assert.equal(sessions.find(bo), undefined);
});

test('sign-ins that strangers begin do not fill the memory', () => {
  const sessions = createSessions();
  const first = sessions.begin('', 'first', attemptTo('/account'));
  for (let count = 0; count < 10_000; count++) sessions.begin('', `state-${count}`, attemptTo('/account'));
  assert.equal(sessions.take(first, 'first'), undefined);
});

test('pages say how somebody signed in, and show names as text', () => {
  assert.equal(methodsInWords(['pwd', 'otp', 'mfa']), 'a password and a one-time code');
  assert.equal(methodsInWords(['pwd', 'mfa']), 'a password and a recovery code');
  assert.equal(methodsInWords(['hwk', 'user', 'mfa']), 'a passkey of one device');
  assert.match(String(accountPage({ ...PERSON, name: '<b>Ana</b>' })), /Hello, &lt;b&gt;Ana&lt;\/b&gt;/);
  assert.match(String(problemPage('<i>')), /answered: &lt;i&gt;/);
});

test('anyone sees the start page, under headers that let nothing in', async () => {
  const answer = await createPortal(SETTINGS).request('https://portal.example/');
  assert.equal(answer.status, 200);
  assert.match(await answer.text(), /<a class="button" href="\/sign-in">Sign in<\/a>/);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.equal(
    answer.headers.get('content-security-policy'),
    `default-src 'none'; style-src 'self'; form-action 'self' ${ISSUER}; frame-ancestors 'none'; base-uri 'none'`,
  );
});

test('a callback that no sign-in of this browser waits for is a page, and no error text of strangers is shown', async () => {
  const portal = createPortal(SETTINGS);
  const answer = await portal.request(
    'https://portal.example/callback?state=x&error=access_denied&error_description=Call',
  );
  assert.equal(answer.status, 400);
  const page = await answer.text();
  assert.match(page, /This sign-in has ended/);
  assert(!page.includes('Call'));
});

test('a form of another site signs nobody out', async () => {
  const headers = { origin: 'https://evil.example', 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await createPortal(SETTINGS).request('https://portal.example/sign-out', { method: 'POST', headers });
  assert.equal(answer.status, 403);
});

test('an issuer that does not answer is a page that says so', async (t) => {
  t.mock.method(console, 'error', () => undefined);
  const portal = createPortal({ ...SETTINGS, issuer: 'http://127.0.0.1:9' });
  const answer = await portal.request('https://portal.example/sign-in');
  assert.equal(answer.status, 503);
  assert.match(await answer.text(), /Sign-in isn’t working right now/);
});

async function asked(client: Client, destination: Attempt['destination']): Promise<URLSearchParams> {
  return new URL((await beginSignIn(client, destination)).address).searchParams;
}

function attemptTo(destination: Attempt['destination']): Attempt {
  return { destination, checks: {} };
}

/** A client of an issuer whose keys the test holds, and what that issuer would sign. */
async function clientWithKeys() {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const server = { issuer: ISSUER, authorization_endpoint: `${ISSUER}/a`, end_session_endpoint: `${ISSUER}/e` };
  const nowSeconds = Math.floor(Date.now() / 1000);
  // Already cached, so that nothing is fetched.
  const known = { [jwksCache]: { jwks: { keys: [await exportJWK(publicKey)] }, uat: Date.now() } };
  const keys = createRemoteJWKSet(new URL(`${ISSUER}/jwks`), known);
  const client = { settings: SETTINGS, config: new Configuration(server, 'portal'), keys };
  const sign = (changed: object, typ = 'logout+jwt') =>
    new SignJWT({
      iss: ISSUER,
      aud: 'portal',
      iat: nowSeconds,
      exp: nowSeconds + 120,
      jti: 'once',
      sub: 'ana',
      sid: 'session-1',
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      ...changed,
    })
      .setProtectedHeader({ alg: 'ES256', typ })
      .sign(privateKey);
  return { client, sign };
}
