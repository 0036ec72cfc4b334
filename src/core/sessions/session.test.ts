import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLiveSession, isSteppedUp, sessionExpiresAt } from './session.ts';

const NOW = 1_800_000_000;
const MINUTE = 60;
const HOUR = 60 * MINUTE;

test('a session ends after an hour without use, one of staff after a quarter', () => {
  const live = (role: 'member' | 'csm', unusedSeconds: number) =>
    isLiveSession({ lastSeenAt: NOW - unusedSeconds, expiresAt: NOW + HOUR }, role, NOW);
  assert.ok(live('member', HOUR - 1));
  assert.ok(!live('member', HOUR));
  assert.ok(live('csm', 15 * MINUTE - 1));
  assert.ok(!live('csm', 15 * MINUTE));
});

test('a session in use ends at its absolute end all the same', () => {
  assert.ok(isLiveSession({ lastSeenAt: NOW, expiresAt: NOW + 1 }, 'member', NOW));
  assert.ok(!isLiveSession({ lastSeenAt: NOW, expiresAt: NOW }, 'member', NOW));
});

test('the absolute end is a day, eight hours for staff, and never after the date that requires MFA', () => {
  assert.equal(sessionExpiresAt('manager', NOW), NOW + 24 * HOUR);
  assert.equal(sessionExpiresAt('admin', NOW), NOW + 8 * HOUR);
  assert.equal(sessionExpiresAt('member', NOW, NOW + HOUR), NOW + HOUR);
  assert.equal(sessionExpiresAt('member', NOW, NOW + 48 * HOUR), NOW + 24 * HOUR);
});

test('a proof lasts five minutes', () => {
  assert.ok(isSteppedUp({ stepUpAt: NOW - 5 * MINUTE + 1 }, NOW));
  assert.ok(!isSteppedUp({ stepUpAt: NOW - 5 * MINUTE }, NOW));
  assert.ok(!isSteppedUp({ stepUpAt: undefined }, NOW));
});

test('a proof that is dated ahead by a clock that was wrong is none', () => {
  assert.ok(isSteppedUp({ stepUpAt: NOW + MINUTE }, NOW));
  assert.ok(!isSteppedUp({ stepUpAt: NOW + MINUTE + 1 }, NOW));
});
