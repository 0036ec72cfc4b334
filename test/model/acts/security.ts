import assert from 'node:assert/strict';
import fc from 'fast-check';
import { codesOn, secretOn } from '../../story.ts';
import { assertRefused, type Drawn, type Events, ordinal, pick } from '../act.ts';
import { digitsOf, typedCode } from '../codes.ts';
import { codeCounter, passwordCounter, passwordCounters } from '../counters.ts';
import {
  endOthers,
  forgetDevices,
  issueCodes,
  knowDevice,
  newId,
  raise,
  removeAuthenticator,
  revokeLinks,
  setAuthenticator,
} from '../effects.ts';
import { type Inside, inside, refusedForStepUp } from '../inside.ts';
import { isLiveSession, isSteppedUp, type Model, mayEnroll, sessionEnd } from '../model.ts';
import type { Real } from '../real.ts';
import type { Session } from '../rows.ts';
import { codeFor, show, tryConfirmation } from './enrollment.ts';
import { recoveryCodeOf, tryCode, tryRecoveryCode } from './second-factor.ts';

const typedProof = fc.oneof(
  { weight: 3, arbitrary: typedCode.map((code) => ({ method: 'totp' as const, code })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('unused', 'used', 'wrong').map((code) => ({ method: 'recovery_code' as const, code })),
  },
  { weight: 1, arbitrary: fc.constantFrom('right', 'wrong').map((code) => ({ method: 'password' as const, code })) },
);

const stepUp = inside('step up', fc.record({ proof: typedProof }), async (model, real, { proof, ...on }) => {
  const { person, deviceId } = on.session;
  // The page requires the password only from a person without an authenticator.
  if ((person.authenticator === undefined) !== (proof.method === 'password')) return [];
  if (proof.method === 'password') return stepUpWithPassword(model, real, on, proof.code === 'right');
  const place = { deviceId, address: on.browser.address };
  const code =
    proof.method === 'totp' && person.authenticator
      ? digitsOf(person.authenticator, proof.code, model.now)
      : recoveryCodeOf(person, String(proof.code));
  const tried = { person, place, code };
  const refused = proof.method === 'totp' ? tryCode(model, tried) : tryRecoveryCode(model, tried);
  const path = proof.method === 'totp' ? '/step-up' : '/step-up/recovery-code';
  const answer = await real.post(on.node, on.browser, path, { code });
  if (refused.length > 0) {
    assertRefused(answer, refused);
    return [];
  }
  rise(model, on, answer.cookies.session, proof.method);
  return [proof.method === 'totp' ? 'step_up.proven' : 'recovery_code.used'];
});

async function stepUpWithPassword(model: Model, real: Real, on: Inside, right: boolean): Promise<Events> {
  const { person } = on.session;
  const refused = tryPassword(model, on, right);
  const password = (right && person.password) || 'not the password of anybody';
  const answer = await real.post(on.node, on.browser, '/step-up', { password });
  if (refused.length > 0) {
    assertRefused(answer, refused);
    return [];
  }
  rise(model, on, answer.cookies.session, 'password');
  return ['step_up.proven'];
}

export function tryPassword(model: Model, { browser, session }: Inside, right: boolean) {
  const { person, deviceId } = session;
  const tried = passwordCounters(person.email, { deviceId, address: browser.address });
  const refused = model.counters.reserve(tried, model.now);
  if (refused.length > 0) return refused;
  if (!right) return ['invalid_credentials' as const];
  model.counters.giveBack(tried, model.now);
  if (deviceId !== undefined) model.counters.unlock(passwordCounter(person.email), model.now);
  return [];
}

/** The session continues with a new token. */
function rise(model: Model, { browser, session }: Inside, token: string | undefined, method: Session['stepUpMethod']) {
  assert(token !== undefined && token !== session.token, 'a rise of privilege brings a new token');
  raise(model, session, token, method);
  browser.session = session;
}

const startConnecting = inside('start connecting', fc.constant({}), async (model, real, on) => {
  const answer = await real.post(on.node, on.browser, '/security/authenticator/start');
  if (!isSteppedUp(model, on.session)) return refusedForStepUp(answer);
  if (!mayEnroll(on.session)) {
    assert.equal(answer.location, '/security/authenticator/access-code');
    return [];
  }
  const { text } = await real.get(on.node, on.browser, '/security/authenticator');
  return show(model, on.session, secretOn(text));
});

/** A person's first authenticator in a session, or the replacement of the old one. */
const connect = inside('connect', fc.record({ typed: typedCode }), async (model, real, { typed, ...on }) => {
  const { session, browser, node } = on;
  const { person, deviceId } = session;
  const isUp = isSteppedUp(model, session);
  const code = codeFor(model, session, typed);
  const confirmed = isUp ? tryConfirmation(model, session, code) : [];
  const answer = await real.post(node, browser, '/security/authenticator', { code });
  if (!isUp) return refusedForStepUp(answer);
  if (!('secret' in confirmed)) {
    if (confirmed.includes('enrollment_expired')) assert.equal(answer.location, '/security/authenticator');
    else assertRefused(answer, confirmed);
    return [];
  }
  const isFirst = person.authenticator === undefined;
  removeAuthenticator(model, person);
  setAuthenticator(model, person, confirmed.secret, confirmed.step);
  rise(model, on, answer.cookies.session, 'totp');
  endOthers(model, person, session);
  forgetDevices(model, person, deviceId);
  if (!isFirst) return ['totp.replaced', 'sessions.ended_others'];
  const amr = ['pwd', 'otp', 'mfa'];
  const expiresAt = sessionEnd(person, session.createdAt);
  Object.assign(session, { amr, secondFactorAt: model.now, authTime: model.now, expiresAt });
  await readNewCodes(model, real, on);
  return ['totp.enrolled', 'recovery_codes.created', 'sessions.ended_others'];
});

async function readNewCodes(model: Model, real: Real, { session, browser, node }: Inside): Promise<void> {
  const codes = codesOn((await real.get(node, browser, '/enroll/recovery-codes')).text);
  assert.equal(codes.length, 10);
  issueCodes(model, session.person, codes, 'page');
}

const turnOff = inside('turn off', fc.constant({}), async (model, real, { session, browser, node }) => {
  const { person, deviceId } = session;
  const answer = await real.post(node, browser, '/security/authenticator/turn-off');
  if (!isSteppedUp(model, session)) return refusedForStepUp(answer);
  if (person.isStaff || model.policy === 'required' || !person.authenticator) {
    assertRefused(answer, ['forbidden']);
    return [];
  }
  assert.equal(answer.location, '/security');
  removeAuthenticator(model, person);
  Object.assign(person, { codes: new Map(), copyUntil: undefined });
  endOthers(model, person, session);
  forgetDevices(model, person, deviceId);
  return ['totp.removed', 'sessions.ended_others'];
});

const newCodes = inside('new recovery codes', fc.constant({}), async (model, real, on) => {
  const { session, browser, node } = on;
  const { person } = session;
  const answer = await real.post(node, browser, '/security/recovery-codes');
  if (!isSteppedUp(model, session)) return refusedForStepUp(answer);
  if (!person.authenticator) {
    assert.equal(answer.location, '/security/authenticator');
    return [];
  }
  assert.equal(answer.location, '/enroll/recovery-codes');
  await readNewCodes(model, real, on);
  endOthers(model, person, session, { keepsTrust: true });
  return ['recovery_codes.created', 'sessions.ended_others'];
});

const changePassword = inside(
  'change the password',
  fc.record({ right: fc.constantFrom(true, true, false) }),
  async (model, real, { right, ...on }) => {
    const { session, browser, node } = on;
    const { person } = session;
    const isUp = isSteppedUp(model, session);
    const next = nextPassword(model);
    const refused = isUp ? tryPassword(model, on, right) : [];
    const current = (right && person.password) || 'not the password of anybody';
    const answer = await real.post(node, browser, '/security/password', { current, new: next });
    if (!isUp) return refusedForStepUp(answer);
    if (refused.length > 0) {
      assertRefused(answer, refused);
      return [];
    }
    assert.equal(answer.location, '/security');
    person.oldPassword = person.password;
    person.password = next;
    bringBack(model, session);
    endOthers(model, person, session);
    forgetDevices(model, person);
    revokeLinks(model, person);
    model.counters.unlock(passwordCounter(person.email), model.now);
    assert(answer.cookies.device !== undefined);
    session.deviceId = knowDevice(model, person, answer.cookies.device);
    return ['password.changed', 'sessions.ended_others'];
  },
);

export function nextPassword(model: Model): string {
  return `thimble quartz meadow ${newId(model)}`;
}

/** Another second factor and a new password unlock a disabled authenticator. The counters of any other stay. */
function bringBack(model: Model, { person, stepUpMethod }: Session): void {
  const { authenticator } = person;
  if (stepUpMethod !== 'recovery_code' || !authenticator) return;
  const known = model.devices.filter((device) => device.person === person).map(({ id }) => id);
  for (const id of [undefined, ...known]) {
    const counter = codeCounter(authenticator.key, id);
    if (model.counters.isDisabled(counter)) model.counters.forget(counter.key);
  }
}

const endOtherSessions = inside(
  'end other sessions',
  fc.constant({}),
  async (model, real, { session, browser, node }) => {
    assert.equal((await real.post(node, browser, '/security/sessions/end-others')).location, '/security');
    endOthers(model, session.person, session);
    return ['sessions.ended_others'];
  },
);

/** One of the list. Another person's session is treated as unknown. */
const endOneSession = inside('end one session', fc.record({ which: ordinal }), async (model, real, on) => {
  const { session, browser, node } = on;
  const one = pick(
    model.sessions.filter((other) => isLiveSession(model, other)),
    on.which,
  );
  assert(one);
  const id = await real.sessionId(node, one.token);
  assert.equal((await real.post(node, browser, '/security/sessions/end', { id })).location, '/security/sessions');
  if (one.person !== session.person) return [];
  one.ended = true;
  return ['session.ended'];
});

export const SECURITY_ACTS: readonly Drawn[] = [
  { weight: 8, arbitrary: stepUp },
  { weight: 6, arbitrary: startConnecting },
  { weight: 8, arbitrary: connect },
  { weight: 1, arbitrary: turnOff },
  { weight: 2, arbitrary: newCodes },
  { weight: 2, arbitrary: changePassword },
  { weight: 1, arbitrary: endOtherSessions },
  { weight: 1, arbitrary: endOneSession },
];
