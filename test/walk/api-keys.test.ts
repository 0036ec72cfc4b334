import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SCOPES } from '#core/portals/api-key.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import { endApiKey } from '#flows/administration/api-keys.ts';
import { callWithKey, makeKey } from '../stories/management-api/management-story.ts';
import { ORIGIN, openWorld, PASSWORD, type World } from '../world.ts';
import { TABLE } from './walk.ts';

/** Every route that a key opens, with the scope that its guard names. */
const ROWS = TABLE.filter(({ guard }) => guard.startsWith('apiKey:')).map((row) => ({
  ...row,
  scope: row.guard.slice('apiKey:'.length),
}));

let world: World;
const cleanups: (() => unknown)[] = [];
before(async () => {
  world = await openWorld({
    after: (work: unknown) => void (typeof work === 'function' && cleanups.push(() => work())),
  });
});
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function ask(method: string, path: string, headers: Readonly<Record<string, string>>) {
  // No guard may run after the validation of the body.
  const json = method === 'GET' ? {} : { headers: { ...headers, 'content-type': 'application/json' }, body: '{}' };
  const request = new Request(`${ORIGIN}${path.replace(/:\w+/g, 'nobody')}`, { method, headers, ...json });
  const response = await world.app.fetch(request);
  const { code, reason } = JSON.parse(await response.text());
  return { status: response.status, code, reason, challenge: response.headers.get('www-authenticate') };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('a route of the management API', () => {
  it('is there for every scope', () => {
    assert.deepEqual([...new Set(ROWS.map(({ scope }) => scope))].toSorted(), SCOPES.toSorted());
  });
});

for (const { method, path, scope } of ROWS) {
  describe(`${method} ${path}`, () => {
    it(`opens to a key for ${scope}, and to no key for all the others`, async () => {
      world.clock.at += 60;
      const own = await ask(method, path, bearer((await makeKey(world, [scope])).key));
      assert.ok(![401, 403, 429].includes(own.status), `${own.status} ${own.code}`);
      const others = SCOPES.filter((other) => other !== scope);
      const without = await ask(method, path, bearer((await makeKey(world, others)).key));
      assert.deepEqual([without.status, without.code, without.reason], [403, 'forbidden', 'scope']);
    });

    it('opens to nobody without a live key', async () => {
      const expired = await makeKey(world, SCOPES, world.clock.at + 1);
      world.clock.at += 1;
      const revoked = await makeKey(world);
      await endApiKey(world.env, 'system', revoked.id);
      const { key } = await makeKey(world);
      const { sessionToken, cookie } = await signIn();
      const strangers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
        'no key': {},
        'an expired key': bearer(expired.key),
        'a revoked key': bearer(revoked.key),
        'the token of a session': bearer(sessionToken),
        'the cookie of an administrator': { cookie: `__Host-sallyport-session=${cookie}` },
        'that cookie’s value as bearer': bearer(cookie),
        'a key in a cookie': { cookie: `__Host-sallyport-session=${key}` },
        'a key without its scheme': { authorization: key },
        'a key as Basic': { authorization: `Basic ${key}` },
        'a key in a header of another name': { 'x-api-key': key },
        'a key without its checksum': bearer(key.slice(0, -6)),
        'a key with another letter': bearer(`${key.slice(0, 20)}${key[20] === 'A' ? 'B' : 'A'}${key.slice(21)}`),
        'a key in small letters': bearer(key.toLowerCase()),
      };
      for (const [who, headers] of Object.entries(strangers)) {
        const { status, code, challenge } = await ask(method, path, headers);
        assert.deepEqual([status, code, challenge], [401, 'api_key_invalid', 'Bearer'], who);
      }
    });
  });
}

describe('a key of the management API', () => {
  it('opens nothing that is for people', async () => {
    const { key } = await makeKey(world);
    for (const { method, path, guard } of TABLE.filter(({ route }) => route?.channel === 'api')) {
      if (guard === 'public' || guard.startsWith('apiKey:')) continue;
      assert.deepEqual((await ask(method, path, bearer(key))).code, 'sign_in_expired', path);
    }
    const response = await world.app.fetch(
      new Request(`${ORIGIN}/console`, { headers: { cookie: `__Host-sallyport-session=${key}`, ...bearer(key) } }),
    );
    assert.match(response.headers.get('location') ?? '', /^\/sign-in/);
  });

  it('is stored as its hash alone', async () => {
    const { key } = await makeKey(world);
    const rows = await world.env.db.read.selectFrom('api_keys').selectAll().execute();
    assert.ok(rows.some(({ key_hash }) => key_hash === tokenHash(key)));
    assert.ok(!JSON.stringify(rows).includes(key.slice(3, -6)));
  });
});

let people = 0;

/** A live session of each channel: the API's of a user, the pages' of an administrator. */
async function signIn() {
  people += 1;
  const partner = await world.addPartner({ slug: `key-walk-${people}`, policy: 'off' });
  const { email } = await world.addUser({ email: `walker${people}@keys.example`, partnerId: partner.id });
  const { body } = await world.api('POST', '/api/v1/sign-in', { email, password: PASSWORD });
  const admin = await world.addUser({ email: `admin${people}@keys.example`, role: 'admin' });
  const [cookie, now] = [newToken(world.env.random), world.clock.at];
  const row = {
    ...{ id: world.env.newId(), token_hash: tokenHash(cookie), channel: 'page' as const, user_id: admin.id },
    ...{ created_at: now, last_seen_at: now, expires_at: now + 3600, amr: 'pwd otp mfa', second_factor_at: now },
    ...{ auth_time: now, step_up_at: now, step_up_method: 'totp' as const, step_up_to: null, continue_to: '/' },
    ...{ notice: null, device_id: null, address: null, user_agent: null },
  };
  await world.env.db.transaction((tx) => tx.insertInto('sessions').values(row).execute());
  return { sessionToken: String(Object(body.session).token), cookie };
}

it('an act by key names the key in the audit log', async () => {
  const { key, id } = await makeKey(world);
  await callWithKey(world, { method: 'POST', path: '/partners', body: { name: 'Named by key' }, key });
  assert.equal((await world.events()).at(-1)?.actor, `api_key:${id}`);
});
