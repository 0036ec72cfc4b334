import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Refusal } from '#core/values/result.ts';
import { refuse } from '#core/values/result.ts';
import { emailCounter, oneTimeCodeCounter, recoveryCodeCounter } from '#flows/sign-in/attempt-counters.ts';
import { REFUSAL_WINDOW_SECONDS } from '#flows/sign-in/note-refusal.ts';
import { openWorld, PASSWORD, type World } from '../../world.ts';
import {
  authenticatorIdOf,
  closeSession,
  type Enrolled,
  enrolledPerson,
  failCodes,
  HOUR,
  haveFailed,
  MINUTE,
  onKnownDevice,
  pendingToken,
  tryCode,
  tryPassword,
  tryRecoveryCode,
  wrongCode,
} from './limits-story.ts';
import { ADDRESS, refused, told, windowIsOver } from './refusals-story.ts';

type Flood = {
  readonly name: string;
  readonly action: string;
  readonly reason: string;
  /** Reaches the state in which everything is refused. Answers one refused request. */
  readonly reach: (world: World, ana: Enrolled) => Promise<() => Promise<{ readonly status: number }>>;
};

const FLOODS: readonly Flood[] = [
  {
    name: 'passwords for one email',
    action: 'sign_in.password_refused',
    reason: 'too_many_attempts',
    async reach(world, { email }) {
      for (let tries = 1; tries <= 10; tries++) await tryPassword(world, email, 'wrong');
      let from = 0;
      return () => tryPassword(world, email, 'wrong', `203.0.113.${from++ % 200}`);
    },
  },
  {
    name: 'passwords for one email that is locked out',
    action: 'sign_in.password_refused',
    reason: 'too_many_attempts',
    async reach(world, { email }) {
      await haveFailed(world, emailCounter(world.env, 'password', email), 100, HOUR);
      return () => tryPassword(world, email, 'wrong');
    },
  },
  {
    name: 'passwords from a known device',
    action: 'sign_in.password_refused',
    reason: 'too_many_attempts',
    async reach(world, ana) {
      const own = closeSession(await onKnownDevice(world, ana));
      for (let tries = 1; tries <= 10; tries++) await own.signIn(ana.email, 'wrong');
      return () => own.signIn(ana.email, 'wrong');
    },
  },
  {
    name: 'new sign-ins with the right password',
    action: 'sign_in.password_refused',
    reason: 'too_many_attempts',
    async reach(world, { email }) {
      for (let i = 0; i < 20; i++) await pendingToken(world, email);
      return () => tryPassword(world, email, PASSWORD);
    },
  },
  {
    name: 'codes that have to wait',
    action: 'sign_in.code_refused',
    reason: 'too_many_attempts',
    async reach(world, ana) {
      await failCodes(world, ana, 5);
      const token = await pendingToken(world, ana.email);
      return () => tryCode(world, ana, '123456', token);
    },
  },
  {
    name: 'codes in a sign-in whose tries are used up',
    action: 'sign_in.code_refused',
    reason: 'too_many_attempts',
    async reach(world, ana) {
      const token = await pendingToken(world, ana.email);
      for (let tries = 1; tries <= 4; tries++) await tryCode(world, ana, wrongCode(world, ana.secret), token);
      await tryRecoveryCode(world, ana, '0000-0000-0000-0000', token);
      return () => tryCode(world, ana, '123456', token);
    },
  },
  {
    name: 'codes of a paused authenticator',
    action: 'sign_in.code_refused',
    reason: 'authenticator_paused',
    async reach(world, ana) {
      const counter = oneTimeCodeCounter(await authenticatorIdOf(world, ana.id), undefined);
      await haveFailed(world, counter, 20, HOUR);
      const token = await pendingToken(world, ana.email);
      return () => tryCode(world, ana, '123456', token);
    },
  },
  {
    name: 'codes of a disabled authenticator',
    action: 'sign_in.code_refused',
    reason: 'authenticator_disabled',
    async reach(world, ana) {
      const counter = oneTimeCodeCounter(await authenticatorIdOf(world, ana.id), undefined);
      await haveFailed(world, counter, 60, 5 * HOUR);
      const token = await pendingToken(world, ana.email);
      return () => tryCode(world, ana, '123456', token);
    },
  },
  {
    name: 'recovery codes',
    action: 'recovery_code.refused',
    reason: 'too_many_attempts',
    async reach(world, ana) {
      await haveFailed(world, recoveryCodeCounter(ana.id, undefined), 10, MINUTE);
      const token = await pendingToken(world, ana.email);
      return () => tryRecoveryCode(world, ana, '0000-0000-0000-0000', token);
    },
  },
  {
    name: 'links for one email',
    action: 'password.reset_refused',
    reason: 'too_many_attempts',
    async reach(world, { email }) {
      let from = 0;
      const ask = () => world.person(`203.0.113.${from++ % 200}`).post('/forgot-password', { email });
      for (let i = 0; i < 3; i++) await ask();
      return ask;
    },
  },
  {
    name: 'links from one address',
    action: 'password.reset_refused',
    reason: 'too_many_attempts',
    async reach(world) {
      const person = world.person(ADDRESS);
      let number = 0;
      const ask = () => person.post('/forgot-password', { email: `nobody${number++}@acme.example` });
      for (let i = 0; i < 60; i++) assert.equal((await ask()).status, 303);
      return ask;
    },
  },
  {
    name: 'codes inside a session',
    action: 'step_up.refused',
    reason: 'too_many_attempts',
    async reach(world, ana) {
      const own = await onKnownDevice(world, ana);
      const wrong = () => own.post('/step-up', { code: wrongCode(world, ana.secret) });
      while ((await wrong()).status !== 429);
      return () => own.post('/step-up', { code: '123456' });
    },
  },
  {
    name: 'new passwords that break the rule',
    action: 'password.change_refused',
    reason: 'password_unacceptable',
    async reach(world, ana) {
      const own = await onKnownDevice(world, ana);
      return () => own.post('/security/password', { current: PASSWORD, password: 'short' });
    },
  },
];

describe('is one event with a number, whatever is refused without a try:', () => {
  for (const { name, action, reason, reach } of FLOODS) {
    test(name, async (t) => {
      const world = await openWorld(t);
      const ana = await enrolledPerson(world);
      const ask = await reach(world, ana);
      await windowIsOver(world);
      const again = await reAsk(world, ask);
      const [before, events] = again;
      assert.deepEqual([events.length - before, told(events.slice(before))], [2, 30]);
      const number = events.at(-1);
      assert.equal(number?.detail.repeated, 29);
    });

    async function reAsk(world: World, ask: () => Promise<{ readonly status: number }>) {
      world.clock.at -= REFUSAL_WINDOW_SECONDS + MINUTE;
      const before = (await refused(world, action, reason)).length;
      for (let i = 0; i < 30; i++) await ask();
      await windowIsOver(world);
      return [before, await refused(world, action, reason)] as const;
    }
  }

  test('a busy service', async (t) => {
    const busy: Refusal = refuse('temporarily_unavailable', { retryAfterSeconds: 2 });
    const world = await openWorld(t);
    Object.assign(world.env, { hasher: { ...world.env.hasher, inTurn: async () => busy } });
    for (let i = 0; i < 40; i++) {
      assert.equal((await tryPassword(world, `nobody${i}@acme.example`, 'wrong', ADDRESS)).status, 503);
    }
    assert.equal((await world.events()).length, 1);
    await windowIsOver(world);
    const events = await refused(world, 'sign_in.password_refused', 'temporarily_unavailable');
    assert.deepEqual([events.length, told(events)], [2, 40]);
  });
});
