import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openWorld } from '../../world.ts';
import { makeKey, openManagement } from './management-story.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const DAY = 24 * 60 * 60;

test('lists come in pages whose cursors lead through every row once, while rows are added', async (t) => {
  const { world, call, partner } = await openManagement(t);
  const expected = ['ana@acme.example'];
  for (let one = 0; one < 6; one++) {
    const email = `person${one}@acme.example`;
    await world.addUser({ email, partnerId: partner.id });
    expected.push(email);
  }
  const seen: string[] = [];
  let after: unknown = '';
  for (let pages = 0; pages < 9 && after !== null; pages++) {
    const { body } = await call('GET', `/users?limit=3${after === '' ? '' : `&after=${after}`}`);
    seen.push(...Object(body).data.map(({ email }: { email: string }) => email));
    after = body.nextCursor;
    if (pages === 0) {
      await world.addUser({ email: 'late@acme.example', partnerId: partner.id });
      expected.push('late@acme.example');
    }
  }
  assert.deepEqual(seen, expected);
  for (const query of [
    'limit=0',
    'limit=201',
    'limit=x',
    'after=x',
    'after=',
    'state=none',
    'limit=1&limit=2',
    'page=2',
  ])
    assert.equal((await call('GET', `/users?${query}`)).status, 400, query);
});

test('a cursor leads on in its own list alone: with other filters, or in another list, it is refused', async (t) => {
  const { world, call, partner } = await openManagement(t);
  for (const name of ['bo', 'cy', 'di']) await world.addUser({ email: `${name}@acme.example`, partnerId: partner.id });
  const first = await call('GET', '/users?limit=1&state=active');
  const after = `after=${first.body.nextCursor}`;
  const next = await call('GET', `/users?state=active&limit=2&${after}`);
  assert.equal(next.status, 200, 'the order of parameters and the size of a page may differ');
  assert.equal(Object(next.body).data[0].email, 'bo@acme.example');
  for (const list of [
    '/users?',
    '/users?state=invited&',
    '/users?state=active&role=member&',
    '/partners?',
    '/audit?',
  ]) {
    const { status, body } = await call('GET', `${list}${after}`);
    assert.deepEqual([status, body.reason], [400, 'after'], list);
  }
});

test('users are found by email, partner, role, state and MFA', async (t) => {
  const { world, call, ana, partner } = await openManagement(t);
  const other = await world.addPartner({ slug: 'other', name: 'Other' });
  await world.addAuthenticator(ana.id);
  await world.addUser({ email: 'boss@acme.example', partnerId: partner.id, role: 'manager' });
  await world.addUser({ email: 'new@other.example', partnerId: other.id, password: undefined });
  const gone = await world.addUser({ email: 'gone@other.example', partnerId: other.id });
  await call('POST', `/users/${gone.id}/disable`, { reason: 'left' });
  const find = async (query: string) =>
    Object((await call('GET', `/users?${query}`)).body).data.map(({ email }: { email: string }) => email.split('@')[0]);
  assert.deepEqual(await find('mfa=enrolled'), ['ana']);
  assert.deepEqual(await find('mfa=missing&partner=acme'), ['boss']);
  assert.deepEqual(await find('role=manager'), ['boss']);
  assert.deepEqual(await find('state=invited'), ['new']);
  assert.deepEqual(await find('state=disabled'), ['gone']);
  assert.deepEqual(await find('state=active'), ['ana', 'boss']);
  assert.deepEqual(await find('email=ANA%40acme.example'), ['ana']);
  assert.deepEqual(await find('partner=nobody'), []);
});

test('the audit log is read by filter, the oldest first, without addresses', async (t) => {
  const { world, call, ana, actor } = await openManagement(t);
  await world.person('203.0.113.9').signIn(ana.email, 'a wrong password here');
  await call('POST', `/users/${ana.id}/unlock`, { reason: 'called us' });
  const all = await call('GET', '/audit');
  const events = Object(all.body).data;
  assert.deepEqual(
    events.map(({ action }: { action: string }) => action),
    ['api_key.created', 'sign_in.password_refused', 'user.unlocked'],
  );
  assert.ok(!JSON.stringify(all.body).includes('203.0.113.9') && !JSON.stringify(all.body).includes('Browser/1'));
  const { id, at, requestId, ...unlocked } = events[2];
  assert.match(id, UUID_V7);
  assert.match(at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.ok(requestId);
  const of = { actor, subject: ana.id, partner: unlocked.partner };
  assert.deepEqual(unlocked, { ...of, action: 'user.unlocked', outcome: 'success', detail: { reason: 'called us' } });
  const count = async (query: string) => Object((await call('GET', `/audit?${query}`)).body).data.length;
  assert.equal(await count('outcome=refusal'), 1);
  assert.equal(await count(`subject=${ana.id}&action=user.unlocked`), 1);
  assert.equal(await count(`actor=${actor}`), 1);
  assert.equal(await count(`since=${at}`), 3);
  assert.equal(await count(`until=${at}`), 0);
  assert.equal((await call('GET', '/audit?since=yesterday')).status, 400);
});

test('a key is refused once it is over, and its last use is noted at most once a minute', async (t) => {
  const world = await openWorld(t);
  const { key, id } = await makeKey(world, ['users:read'], world.clock.at + 2 * DAY);
  const ask = async () => (await world.api('GET', '/api/v1/users', undefined, key)).status;
  /** Written beside the answer, so slightly later. */
  const isNotedAt = async (at: number) => {
    const find = () => world.env.db.read.selectFrom('api_keys').select('last_used_at').where('id', '=', id);
    for (let waited = 0; waited < 50; waited++) {
      if ((await find().executeTakeFirst())?.last_used_at === at) return true;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return false;
  };
  const start = world.clock.at;
  assert.equal(await ask(), 200);
  assert.ok(await isNotedAt(start));
  world.clock.at += 59;
  assert.equal(await ask(), 200);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(await isNotedAt(start));
  world.clock.at += 1;
  assert.equal(await ask(), 200);
  assert.ok(await isNotedAt(start + 60));
  world.clock.at = start + 2 * DAY;
  assert.equal(await ask(), 401);
});

test('a key that asks too often waits, and no other key with it', async (t) => {
  const world = await openWorld(t);
  const [greedy, modest] = [await makeKey(world, ['users:read']), await makeKey(world, ['users:read'])];
  const ask = (key: string) => world.api('GET', '/api/v1/users?limit=1', undefined, key);
  const answers = [];
  for (let asked = 0; asked < 125; asked++) answers.push((await ask(greedy.key)).status);
  assert.deepEqual(answers, [...Array(120).fill(200), ...Array(5).fill(429)]);
  assert.equal((await ask(greedy.key)).headers.get('retry-after'), '1');
  assert.equal((await ask(modest.key)).status, 200);
  world.clock.at += 1;
  const later = [];
  for (let asked = 0; asked < 12; asked++) later.push((await ask(greedy.key)).status);
  assert.deepEqual(later, [...Array(10).fill(200), 429, 429]);
});
