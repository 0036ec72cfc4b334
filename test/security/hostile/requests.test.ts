import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ORIGIN, openWorld, PASSWORD, type World } from '../../world.ts';

const EMAIL = 'ana@acme.example';
const SESSION = '__Host-sallyport-session';

async function signedIn(t: TestContext) {
  const world = await openWorld(t);
  const partner = await world.addPartner();
  const ana = await world.addUser({ email: EMAIL, partnerId: partner.id });
  const secret = await world.addAuthenticator(ana.id);
  const person = world.person();
  await person.signIn(EMAIL);
  assert.equal((await person.post('/sign-in/one-time-code', { code: world.totp(secret) })).status, 303);
  return { world, person, token: person.cookies.get(SESSION) ?? '' };
}

function ask(world: World, path: string, headers: Record<string, string>, method = 'GET'): Promise<Response> {
  return world.app.fetch(new Request(`${ORIGIN}${path}`, { method, headers }), { remoteAddress: '192.0.2.7' });
}

test('strange cookies are nobody’s, doubled ones are refused, and none reaches the database', async (t) => {
  const { world, token } = await signedIn(t);
  const nobody = [
    '',
    '""',
    `"${token}"`,
    `${token}x`,
    token.slice(1),
    `${token.slice(0, -1)}%00`,
    'x'.repeat(4096),
    "' or 1=1",
  ];
  for (const value of nobody) {
    const answer = await ask(world, '/security', { cookie: `${SESSION}=${value}` });
    assert.equal(answer.status, 303, value);
    assert.equal(answer.headers.get('location'), '/sign-in?return_to=%2Fsecurity', value);
  }
  const many = Array.from({ length: 200 }, (_, number) => `c${number}=x`).join('; ');
  assert.equal((await ask(world, '/security', { cookie: `${many}; ${SESSION}=${token}` })).status, 200);
  for (const doubled of [`${SESSION}=${token}; ${SESSION}=${token}`, `${SESSION}=; ${SESSION}=${token}`]) {
    assert.equal((await ask(world, '/security', { cookie: doubled })).status, 400);
  }
  assert.ok(!world.log.some((line) => line.includes('request failed')));
});

test('no header and no field makes another method of a request', async (t) => {
  const { world, person, token } = await signedIn(t);
  const over = ['x-http-method-override', 'x-http-method', 'x-method-override'];
  for (const name of over) {
    assert.equal((await ask(world, '/security', { cookie: `${SESSION}=${token}`, [name]: 'DELETE' })).status, 200);
    assert.equal((await ask(world, '/sign-out', { cookie: `${SESSION}=${token}`, [name]: 'POST' })).status, 405);
  }
  assert.equal((await ask(world, '/sign-out?_method=POST', { cookie: `${SESSION}=${token}` })).status, 405);
  assert.equal((await person.get('/security')).status, 200, 'still signed in');
});

test('conditions and ranges are answered with the whole page, never kept', async (t) => {
  const { world, token } = await signedIn(t);
  const conditions = {
    range: 'bytes=0-10',
    'if-none-match': '*',
    'if-modified-since': new Date().toUTCString(),
    'if-match': '"x"',
  };
  for (const [name, value] of Object.entries(conditions)) {
    const answer = await ask(world, '/security', { cookie: `${SESSION}=${token}`, [name]: value });
    assert.equal(answer.status, 200, name);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.match(await answer.text(), /<\/html>/);
  }
});

test('what a password manager adds to a form does no harm', async (t) => {
  const { world } = await signedIn(t);
  const noise = { username: 'somebody', website: 'https://x.example', remember: 'on', 'g-recaptcha-response': 'x' };
  const answer = await world.person().post('/sign-in', { email: EMAIL, password: PASSWORD, ...noise });
  assert.equal(answer.location, '/sign-in/one-time-code');
});

test('pages take no query that matters: sorting, paging, a role', async (t) => {
  const { world, token } = await signedIn(t);
  const queries = [
    'limit=-1',
    'limit=1e9',
    'cursor=x',
    'sort=sealed_password',
    'role=admin',
    `q=${'%25'.repeat(1000)}`,
    'a[__proto__][isAdmin]=1',
  ];
  const plain = await (await ask(world, '/security/sessions', { cookie: `${SESSION}=${token}` })).text();
  for (const query of queries) {
    const answer = await ask(world, `/security/sessions?${query}`, { cookie: `${SESSION}=${token}` });
    assert.equal(answer.status, 200, query);
    const sameFrame = (text: string) => text.replace(/value="[^"]*"/g, '');
    assert.equal(sameFrame(await answer.text()), sameFrame(plain), query);
  }
  assert.equal(Reflect.get({}, 'isAdmin'), undefined);
});

test('C16 T16.1 CVE-2025-70948 (couch-auth): no header of a proxy moves the links, the cookies or the address when no proxy is trusted', async (t) => {
  const { world } = await signedIn(t);
  const person = world.person();
  await person.get('/forgot-password');
  const token = /name="form_token" value="([^"]+)"/.exec((await person.get('/forgot-password')).text)?.[1] ?? '';
  const evil = {
    ...{ 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', 'x-forwarded-for': '203.0.113.66' },
    ...{
      forwarded: 'for=203.0.113.66;host=evil.example',
      'x-real-ip': '203.0.113.66',
      'cf-connecting-ip': '203.0.113.66',
    },
  };
  const body = new URLSearchParams({ form_token: token, email: EMAIL });
  const answer = await person.send('/forgot-password', { method: 'POST', body, headers: { origin: ORIGIN, ...evil } });
  assert.equal(answer.status, 303);
  assert.ok((await world.mail())[0]?.link.startsWith(`${ORIGIN}/password/`));
  const clients = await world.env.db.read.selectFrom('audit_events').select('client').execute();
  assert.ok(clients.every(({ client }) => !client?.includes('203.0.113.66')));
});
