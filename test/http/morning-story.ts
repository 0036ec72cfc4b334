import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type Argon2, createHasher, type PasswordHasher } from '#crypto/password-hash.ts';
import { type ApiAnswer, openWorld, PASSWORD, QUICK_HASH, type World } from '../world.ts';

const PASSWORD_MS = 20;
const CODE_MS = 0.5;

/** Hashes that take as long as the real ones without keeping the machine busy, once `isSlow`. */
export function slowHashes() {
  const state = { isSlow: false, passwords: 0 };
  const slow = async (milliseconds: number): Promise<void> => {
    if (state.isSlow) await pause(milliseconds);
  };
  const argon2: Argon2 = {
    async hash(password) {
      state.passwords += 1;
      await slow(PASSWORD_MS);
      return QUICK_HASH.hash(password);
    },
    async hashCode(code) {
      await slow(CODE_MS);
      return QUICK_HASH.hashCode(code);
    },
    async verify(phc, text) {
      const isCode = phc.includes('$m=1024,');
      if (!isCode) state.passwords += 1;
      await slow(isCode ? CODE_MS : PASSWORD_MS);
      return QUICK_HASH.verify(phc, text);
    },
  };
  return { state, hasher: (): PasswordHasher => createHasher({ argon2, concurrency: 2 }) };
}

/** The morning of a deadline: a company whose people have a password and no authenticator. */
export async function openMorning(t: TestContext) {
  const hashes = slowHashes();
  const world = await openWorld(t, { hasher: hashes.hasher() });
  return { world, people: () => peopleOf(world), hashes: hashes.state };
}

let companies = 0;

export async function peopleOf(world: World) {
  companies += 1;
  const company = companies;
  const { id: partnerId } = await world.addPartner({ slug: `company-${company}` });
  return async (count: number): Promise<string[]> => {
    const emails = Array.from({ length: count }, (_, index) => `person${index}@company${company}.example`);
    for (const email of emails) await world.addUser({ email, partnerId });
    return emails;
  };
}

/** Everybody at home, or all of one office. */
export const PLACES: readonly [string, (index: number) => string][] = [
  ['each from an address of their own', (index) => `198.51.${index >> 8}.${index & 255}`],
  ['all from one office', () => '203.0.113.5'],
];

export function givePassword(world: World, email: string, address: string, password = PASSWORD): Promise<ApiAnswer> {
  return world.api('POST', '/api/v1/sign-in', { email, password }, undefined, address);
}

export type SetUp = { readonly token: string; readonly code: string; readonly address: string };

/** A set-up that lacks only its confirmation. */
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

/** How often each status was answered. */
export function tally(answers: readonly { readonly status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
