import assert from 'node:assert/strict';
import fc from 'fast-check';
import { act, assertRefused, type Drawn, type On, ordinal, pick, someone } from '../act.ts';
import { methodsOf } from '../agreement.ts';
import { newPendingCounter, passwordCounter, passwordCounters } from '../counters.ts';
import { knowDevice, oldestBut, openSession } from '../effects.ts';
import { firstPage, type Proof } from '../factors.ts';
import {
  deviceIdOf,
  isEnrolled,
  isLivePending,
  isLiveSession,
  isShutOut,
  MINUTE,
  type Model,
  type State,
  stateAfterPassword,
} from '../model.ts';
import type { PageAnswer, Real } from '../real.ts';
import type { Browser, Pending, Person, Session } from '../rows.ts';
import { endDevice, judge, noteUse } from '../trust.ts';

const WRONG = 'not the password of anybody';

type Entry = {
  readonly person: Person;
  readonly browser: Browser | undefined;
  readonly right: boolean;
};

const signIn = act({
  name: 'sign in',
  args: fc.record({
    person: someone,
    // Over the API, or in one of two browsers.
    at: fc.constantFrom(undefined, 0, 1),
    password: fc.oneof({ weight: 9, arbitrary: fc.constant('right') }, fc.constantFrom('wrong', 'old')),
  }),
  async run(model, real, { person: index, at, password, node }) {
    const person = model.people[index % model.people.length];
    assert(person);
    const browser = at === undefined ? undefined : model.browsers[at];
    const { password: current, oldPassword } = person;
    const right = password === 'right' && current !== undefined && !isShutOut(model, person);
    // A person whose password was removed types the old one.
    const known = password === 'right' ? (current ?? oldPassword) : password === 'old' ? oldPassword : undefined;
    const typed = known ?? WRONG;
    return enter(model, real, { person, browser, right, typed, node });
  },
});

const signInAsNobody = act({
  name: 'sign in as nobody',
  args: fc.constant({}),
  async run(model, real, { node }) {
    const email = `nobody@${model.partner.slug}.example`;
    const refused = model.counters.reserve(passwordCounters(email, apiPlace(model)), model.now);
    const answer = await real.call(model, node, { path: '/sign-in', body: { email, password: WRONG } });
    assertRefused(answer, refused.length > 0 ? refused : ['invalid_credentials']);
    return [];
  },
});

export async function enter(
  model: Model,
  real: Real,
  entry: Entry & On & { typed: string },
): Promise<readonly string[]> {
  const { person, browser, right, typed, node } = entry;
  const { counters, now } = model;
  const place = browser ? placeOf(model, browser, person) : apiPlace(model);
  const tried = passwordCounters(person.email, place);
  const refused = counters.reserve(tried, now);
  const held = browser && { pending: browser.pending, session: browser.session };
  const fields = { email: person.email, password: typed };
  const trust = isEnrolled(person) ? judge(model, browser, person) : undefined;
  const answer = browser
    ? await real.post(node, browser, '/sign-in', fields)
    : await real.call(model, node, { path: '/sign-in', body: fields });
  if (refused.length > 0 || !right) {
    assertRefused(answer, refused.length > 0 ? refused : ['invalid_credentials']);
    return [];
  }
  counters.giveBack(tried, now);
  const trusted = trust?.kind === 'current' ? trust.device : undefined;
  const state = trusted ? 'complete' : stateAfterPassword(model, person);
  const renewed = state === 'complete' ? undefined : heldPending(model, held?.pending, person);
  if (state !== 'complete' && !renewed && place.deviceId === undefined) {
    const limit = counters.reserve([newPendingCounter(person.id)], now);
    if (limit.length > 0) {
      assertRefused(answer, limit);
      return [];
    }
  }
  if (trust?.kind === 'reused') endDevice(model, trust.device);
  if (place.deviceId !== undefined) counters.unlock(passwordCounter(person.email), now);
  const replaced = replacedBy(model, held?.session, person);
  if (trusted && browser) noteUse(model, browser, trusted);
  const opened = { person, browser, state, renewed, replaced, deviceId: place.deviceId, trusted: trusted?.id };
  const used = trusted ? ['trusted_device.used'] : [];
  return ['sign_in.password_accepted', ...used, ...pass(model, answer, opened)];
}

/** The session that this browser has: of the same person it is replaced, of another one it ends. */
export function replacedBy(model: Model, session: Session | undefined, person: Person): Session | undefined {
  if (!isLiveSession(model, session)) return undefined;
  if (session.person === person) return session;
  session.ended = true;
  return undefined;
}

type Opened = {
  readonly person: Person;
  readonly browser: Browser | undefined;
  readonly state: State;
  readonly renewed: Pending | undefined;
  readonly replaced?: Session | undefined;
  readonly deviceId: string | undefined;
  readonly trusted?: string | undefined;
};

type SignInAnswer = PageAnswer | Awaited<ReturnType<Real['call']>>;

export function pass(model: Model, answer: SignInAnswer, opened: Opened): readonly string[] {
  const { person, browser, state, renewed, replaced, deviceId, trusted } = opened;
  if (state === 'complete') {
    return finish(model, answer, { person, browser, factor: undefined, replaced, deviceId, trusted });
  }
  const token = 'cookies' in answer ? answer.cookies.pending : answer.body.pendingToken;
  if ('cookies' in answer) {
    assert.equal(answer.location, state === 'second_factor_required' ? firstPage(model, person) : '/enroll');
  } else {
    assert.equal(answer.body.state, state);
    assert.deepEqual(answer.body.methods, methodsOf(model, opened));
  }
  assert(typeof token === 'string' && token !== renewed?.token);
  const skippable = state === 'enrollment_offered';
  const fresh = { token, expiresAt: model.now + 10 * MINUTE, skippable, proven: undefined, replaced };
  if (renewed) model.outworn.push({ kind: 'pending', token: renewed.token });
  const pending = renewed ? Object.assign(renewed, fresh) : newPending(model, { ...opened, ...fresh });
  if (browser) browser.pending = pending;
  return [];
}

function newPending(
  model: Model,
  made: Opened & Pick<Pending, 'token' | 'expiresAt' | 'skippable' | 'proven' | 'replaced'>,
): Pending {
  const { person, browser, deviceId, token, expiresAt, skippable, proven, replaced } = made;
  const channel = browser ? 'page' : 'api';
  const row = {
    person,
    channel,
    token,
    createdAt: model.now,
    expiresAt,
    deviceId,
    shown: undefined,
    ended: false,
  } as const;
  const pending: Pending = { ...row, tries: 0, skippable, proven, replaced };
  model.pendings.push(pending);
  for (const old of oldestBut(10, model.pendings, person)) old.ended = true;
  return pending;
}

/** A new sign-in in one browser reuses the pending sign-in that is open there, with its attempts and its secret. */
function heldPending(model: Model, pending: Pending | undefined, person: Person): Pending | undefined {
  return isLivePending(model, pending) && pending.person === person && pending.tries < 5 ? pending : undefined;
}

type Finish = Pick<Opened, 'person' | 'browser' | 'replaced' | 'deviceId' | 'trusted'> & {
  readonly factor: Proof | undefined;
  readonly proven?: Pending['proven'];
};

/**
 * The answer opened a session: over the API it contains a token, in a browser it sets a cookie and maybe a device
 * cookie.
 */
export function finish(model: Model, answer: SignInAnswer, of: Finish): readonly string[] {
  const { person, browser, factor, proven, replaced, deviceId, trusted } = of;
  if (!('cookies' in answer) || !browser) {
    assert.equal(answer.status, 200);
    assert('body' in answer && answer.body.state === 'complete');
    const { token } = answer.body.session as { token: string };
    return openSession(model, { person, channel: 'api', factor, proven, token, deviceId }).events;
  }
  const { session: token, device, pending } = answer.cookies;
  assert.equal(answer.status, 303);
  assert(token !== undefined && device !== undefined && pending === undefined);
  const known = deviceId ?? knowDevice(model, person, device);
  const opening = { person, channel: 'page', factor, proven, token, deviceId: known, replaced, trusted } as const;
  const { session, events } = openSession(model, opening);
  browser.session = session;
  return events;
}

export function apiPlace({ apiAddress }: Model) {
  return { deviceId: undefined, address: apiAddress };
}

export function placeOf(model: Model, { device, address }: Browser, person: Person) {
  return { deviceId: deviceIdOf(model, device, person), address };
}

const signOut = act({
  name: 'sign out',
  args: fc.record({ at: fc.constantFrom(0, 1) }),
  check: ({ browsers }, { at }) => browsers[at]?.session !== undefined,
  async run(model, real, { at, node }) {
    const browser = model.browsers[at];
    assert(browser);
    const { session } = browser;
    const lived = isLiveSession(model, session);
    await real.post(node, browser, '/sign-out');
    assert.equal(browser.session, undefined);
    if (!lived) return [];
    session.ended = true;
    return ['session.ended'];
  },
});

const deleteSession = act({
  name: 'delete a session',
  args: fc.record({ which: ordinal }),
  check: ({ sessions }) => sessions.some(({ channel }) => channel === 'api'),
  async run(model, real, { which, node }) {
    const session = pick(
      model.sessions.filter(({ channel }) => channel === 'api'),
      which,
    );
    assert(session);
    const { status } = await real.call(model, node, { method: 'DELETE', path: '/session', token: session.token });
    if (!isLiveSession(model, session)) {
      assert.equal(status, 401);
      return [];
    }
    assert.equal(status, 204);
    session.ended = true;
    return ['session.ended'];
  },
});

export const SIGN_IN_ACTS: readonly Drawn[] = [
  { weight: 16, arbitrary: signIn },
  { weight: 1, arbitrary: signInAsNobody },
  { weight: 1, arbitrary: signOut },
  { weight: 1, arbitrary: deleteSession },
];
