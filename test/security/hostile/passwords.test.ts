import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openWorld, PASSWORD, type Person, type World } from '../../world.ts';

const EMAIL = 'ana@acme.example';

async function worldWith(t: TestContext, password: string, realHashes = false): Promise<World> {
  const world = await openWorld(t, { realHashes });
  const partner = await world.addPartner();
  await world.addUser({ email: EMAIL, partnerId: partner.id, password: password.normalize('NFC') });
  return world;
}

async function opens(world: World, password: string): Promise<boolean> {
  const answer = await world.person().signIn(EMAIL, password);
  assert.ok([303, 401].includes(answer.status), String(answer.status));
  return answer.status === 303;
}

const BASE = `${'lantern otter velvet '.repeat(3)}abcdefghi`;

test('the 73rd character of a password matters, and the 1,024th byte', async (t) => {
  assert.equal(BASE.length, 72);
  const world = await worldWith(t, `${BASE}1`, true);
  assert.equal(await opens(world, BASE), false);
  assert.equal(await opens(world, `${BASE}2`), false);
  assert.equal(await opens(world, `${BASE}1`), true);
  const long = await worldWith(t, 'x'.repeat(1023) + 1, true);
  assert.equal(await opens(long, 'x'.repeat(1023) + 2), false);
  assert.equal(await opens(long, 'x'.repeat(1023) + 1), true);
});

test('a password is the same in NFC and NFD, and not in another case or without a space', async (t) => {
  const world = await worldWith(t, ' Café Łąka über 🦦 Öl ');
  assert.equal(await opens(world, ' Café Łąka über 🦦 Öl '.normalize('NFD')), true);
  assert.equal(await opens(world, ' Café Łąka über 🦦 Öl '.normalize('NFC')), true);
  for (const other of [
    'Café Łąka über 🦦 Öl',
    ' Cafe Łąka über 🦦 Öl ',
    ' café łąka über 🦦 öl ',
    ' Café  Łąka über 🦦 Öl ',
  ]) {
    assert.equal(await opens(world, other), false, other);
  }
});

test('a NUL ends no password', async (t) => {
  const world = await worldWith(t, `${PASSWORD}\u0000tail`, true);
  assert.equal(await opens(world, PASSWORD), false);
  assert.equal(await opens(world, `${PASSWORD}\u0000other`), false);
  assert.equal(await opens(world, `${PASSWORD}\u0000tail`), true);
});

test('a lone surrogate is no other password, and breaks nothing', async (t) => {
  const world = await worldWith(t, 'lantern otter \ufffd velvet');
  for (const half of ['\ud800', '\udfff']) {
    const body = { email: EMAIL, password: `lantern otter ${half} velvet` };
    assert.equal((await world.api('POST', '/api/v1/sign-in', body)).status, 401);
  }
  const empty = await world.api('POST', '/api/v1/sign-in', { email: EMAIL, password: '' });
  assert.ok([400, 401].includes(empty.status));
  assert.equal(await opens(world, 'lantern otter \ufffd velvet'), true);
});

test('a million characters are refused before anything is hashed', async (t) => {
  const world = await worldWith(t, PASSWORD);
  const before = world.env.hasher.queueDepth();
  const password = 'x'.repeat(1_000_000);
  assert.equal((await world.api('POST', '/api/v1/sign-in', { email: EMAIL, password })).status, 413);
  assert.equal((await world.person().signIn(EMAIL, password)).status, 413);
  assert.equal(world.env.hasher.queueDepth(), before);
  assert.deepEqual(await world.env.db.read.selectFrom('attempts').selectAll().execute(), []);
});

async function linkOf(world: World, person: Person): Promise<string> {
  await person.post('/forgot-password', { email: EMAIL });
  return new URL((await world.mail())[0]?.link ?? '').pathname;
}

const NEW: readonly [what: string, password: string, status: number][] = [
  ['of 64 characters', 'lantern otter velvet harbour 7 lantern otter velvet harbour 7 ab', 303],
  ['of 128 characters', 'lantern otter velvet harbour 7 ab'.padEnd(128, 'quiet river '), 303],
  ['of 1,024 bytes', 'lantern otter velvet harbour 7 ab'.padEnd(1024, 'quiet river '), 303],
  ['of 1,025 bytes', 'lantern otter velvet harbour 7 ab'.padEnd(1025, 'quiet river '), 422],
  ['of 1,025 bytes in 342 characters', '河'.repeat(342), 422],
  ['of emoji, counted by code point', '🦦🏮🌊🪶🧭🔭🪵🪨🧶🧵🪡🎐', 303],
  ['of eleven emoji', '🦦🏮🌊🪶🧭🔭🪵🪨🧶🧵🪡', 422],
  ['of spaces', ' '.repeat(20), 422],
  ['with a NUL inside', 'lantern otter \u0000 velvet 9', 303],
  ['of nothing', '', 422],
];

for (const [what, password, status] of NEW) {
  test(`a new password ${what} is ${status === 303 ? 'kept as it is' : 'refused'}`, async (t) => {
    const world = await worldWith(t, PASSWORD);
    const person = world.person();
    const link = await linkOf(world, person);
    await person.get(link);
    const answer = await person.post(link, { password });
    assert.equal(answer.status, status, answer.text.slice(0, 2000));
    assert.ok(password === '' || password.trim() === '' || !answer.text.includes(password));
    assert.equal(await opens(world, password === '' ? 'x' : password), status === 303);
  });
}
