import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type Argon2, createHasher, type PasswordHasher } from '#crypto/password-hash.ts';
import { type ApiAnswer, openWorld, PASSWORD, QUICK_HASH, type World } from '../../world.ts';

const PASSWORD_MS = 20;
/** The test machine may be slow. The tests of the queue check that a job waits ten seconds at most. */
const QUEUE_SECONDS = 120;

/** Slow or paused hashes that do not use the CPU, and the order in which they began. */
export function slowHashes() {
  const state = { began: [] as ('password' | 'code')[], passwordMs: 0, gate: Promise.resolve() };
  const hashed = async (what: 'password' | 'code'): Promise<void> => {
    state.began.push(what);
    await state.gate;
    if (what === 'password' && state.passwordMs > 0) await pause(state.passwordMs);
  };
  const argon2: Argon2 = {
    hash: (password) => hashed('password').then(() => QUICK_HASH.hash(password)),
    hashCode: (code) => hashed('code').then(() => QUICK_HASH.hashCode(code)),
    verify: (phc, text) =>
      hashed(phc.includes('$m=1024,') ? 'code' : 'password').then(() => QUICK_HASH.verify(phc, text)),
  };
  const begin = (): void => {
    Object.assign(state, { began: [], passwordMs: PASSWORD_MS });
  };
  const hold = (): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    Object.assign(state, { began: [], gate: promise });
    return resolve;
  };
  const hasher = (): PasswordHasher => createHasher({ argon2, concurrency: 2, queueSeconds: QUEUE_SECONDS });
  return { state, hasher, begin, hold };
}

/** The morning of a deadline: companies whose people have a password and no authenticator. */
export async function openMorning(t: TestContext) {
  const hashes = slowHashes();
  const hasher = hashes.hasher();
  const world = await openWorld(t, { hasher });
  /** Waits until this many jobs are queued and no request is on its way to the queue. */
  const queued = async (jobs: number): Promise<void> => {
    while (hasher.queueDepth() < jobs) await pause(10);
  };
  return { world, hashes, queued, people: (count: number) => addPeople(world, count) };
}

let companies = 0;

export async function addPeople(world: World, count: number): Promise<string[]> {
  companies += 1;
  const company = companies;
  const { id: partnerId } = await world.addPartner({ slug: `company-${company}` });
  const emails = Array.from({ length: count }, (_, index) => `person${index}@company${company}.example`);
  await Promise.all(emails.map((email) => world.addUser({ email, partnerId })));
  return emails;
}

/** Everyone at home, or everyone in one office. */
export const PLACES: readonly [string, (index: number) => string][] = [
  ['each from an address of their own', (index) => `198.51.${index >> 8}.${index & 255}`],
  ['all from one office', () => '203.0.113.5'],
];

export function givePassword(world: World, email: string, address: string, password = PASSWORD): Promise<ApiAnswer> {
  return world.api('POST', '/api/v1/sign-in', { email, password }, undefined, address);
}

export type SetUp = { readonly token: string; readonly code: string; readonly address: string };

/** A set-up up to its confirmation. */
export async function beginSetUp(world: World, email: string, address: string): Promise<SetUp> {
  const { body } = await givePassword(world, email, address);
  const token = String(body.pendingToken);
  const started = await world.api('POST', '/api/v1/sign-in/enrollment', {}, token, address);
  assert.equal(started.status, 200);
  return { token, address, code: world.totp(String(started.body.secret)) };
}

export function confirmSetUp(world: World, { token, code, address }: SetUp): Promise<ApiAnswer> {
  return world.api('POST', '/api/v1/sign-in/enrollment/confirm', { code }, token, address);
}

/** The number of answers for each status. */
export function tally(answers: readonly { readonly status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
