import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type KeyRing, loadKeyRing, makeKeyText } from '#crypto/key-ring.ts';
import { randomBytes } from '#crypto/random.ts';
import { checkRing } from '#env.ts';
import { openSqlite } from '#store/engine/sqlite/open.ts';

const NOW = 1_800_000_000;
const [OLD, NEW, OTHER] = [base64Key(), base64Key(), base64Key()];

test('a ring that grew by a key starts, and its keys are known from then on', async (t) => {
  const db = await openThrowAway(t);
  await checkRing(db, ring(`k1:${OLD}`), NOW);
  await checkRing(db, ring(`k2:${NEW},k1:${OLD}`), NOW);
  await assert.rejects(checkRing(db, ring(`k1:${OLD}`), NOW), /lacks the key k2/);
});

test('a ring without a key that rows may need does not start', async (t) => {
  const db = await openThrowAway(t);
  await checkRing(db, ring(`k1:${OLD}`), NOW);
  await assert.rejects(checkRing(db, ring(`k2:${NEW}`), NOW), /lacks the key k1/);
});

test('a ring with another key of the same name does not start', async (t) => {
  const db = await openThrowAway(t);
  await checkRing(db, ring(`k1:${OLD}`), NOW);
  await assert.rejects(checkRing(db, ring(`k1:${OTHER}`), NOW), /the key k1 of the ring is not the key k1/);
});

async function openThrowAway(t: TestContext) {
  const db = await openSqlite(':memory:', { create: true });
  t.after(() => db.close());
  return db;
}

function ring(text: string): KeyRing {
  const keys = loadKeyRing(text);
  assert(!('problem' in keys));
  return keys;
}

function base64Key(): string {
  return makeKeyText(randomBytes)
    .replace(/^[^:]+:/, '')
    .trim();
}
