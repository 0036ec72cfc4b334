import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createIdSource, randomBytes } from '#crypto/random.ts';

const AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

function assertAscending(ids: readonly string[]): void {
  const stray = ids.findIndex((id, index) => index > 0 && id <= (ids[index - 1] ?? ''));
  assert.equal(stray, -1, `id ${stray}, ${ids[stray]}, comes after ${ids[stray - 1]}`);
}

test('an id is a UUIDv7 that begins with the time', () => {
  const id = createIdSource(() => AT_MS)();
  assert.match(id, UUID_V7);
  assert.equal(timeOf(id), AT_MS);
});

test('ids of one millisecond ascend, past the end of the counter too', () => {
  const newId = createIdSource(() => AT_MS);
  const ids = Array.from({ length: 9000 }, () => newId());
  assertAscending(ids);
  for (const id of ids) assert.match(id, UUID_V7);
  assert.ok(timeOf(ids.at(-1) ?? '') - AT_MS < 10, 'the time part runs away');
});

test('ids ascend when the clock goes back, and follow it again afterwards', () => {
  const clock = [AT_MS, AT_MS - 60_000, AT_MS - 1, AT_MS + 1, AT_MS + 5];
  const newId = createIdSource(() => clock.shift() ?? AT_MS + 9);
  const ids = Array.from({ length: 6 }, () => newId());
  assertAscending(ids);
  assert.equal(timeOf(ids.at(-1) ?? ''), AT_MS + 9);
});

test('ids ascend with the largest random bytes', () => {
  const newId = createIdSource(
    () => AT_MS,
    () => 'ffffffff-ffff-4fff-bfff-ffffffffffff',
  );
  const ids = Array.from({ length: 5000 }, () => newId());
  assertAscending(ids);
  for (const id of ids) assert.match(id, UUID_V7);
});

test('two sources do not make the same ids', () => {
  assert.notEqual(createIdSource(() => AT_MS)(), createIdSource(() => AT_MS)());
  assert.notDeepEqual(randomBytes(16), randomBytes(16));
});

test('small draws never repeat, across the end of the pool too', () => {
  const drawn = Array.from({ length: 2000 }, () => randomBytes(16).toString('hex'));
  assert.equal(new Set(drawn).size, drawn.length);
  assert(drawn.every((bytes) => bytes.length === 32 && !/^0+$/.test(bytes)));
  assert.equal(randomBytes(1000).length, 1000);
});
