import assert from 'node:assert/strict';
import fc from 'fast-check';
import { codesOn } from '../../story.ts';
import { assertRefused, type Drawn, type Events, ordinal, pick } from '../act.ts';
import { typedCode } from '../codes.ts';
import { codeCounter, passwordCounter, passwordCounters } from '../counters.ts';
import {
  endOthers,
  forgetDevices,
  issueCodes,
  knowDevice,
  newId,
  raise,
  removeFactors,
  revokeLinks,
} from '../effects.ts';
import { type Proof, provableKinds } from '../factors.ts';
import { type Inside, inside, refusedForStepUp } from '../inside.ts';
import { isEnrolled, isLiveSession, isSteppedUp, type Model } from '../model.ts';
import type { Real } from '../real.ts';
import type { Person, Session } from '../rows.ts';
import { codeOfApp, recoveryCodeOf, tryCode, tryRecoveryCode } from './second-factor.ts';

const typedProof = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ method: fc.constant('totp' as const), code: typedCode, app: fc.nat(2) }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('unused', 'used', 'wrong').map((code) => ({ method: 'recovery_code' as const, code })),
  },
  { weight: 1, arbitrary: fc.constantFrom('right', 'wrong').map((code) => ({ method: 'password' as const, code })) },
);

const stepUp = inside('step up', fc.record({ proof: typedProof }), async (model, real, { proof, ...on }) => {
  const { person, deviceId } = on.session;
  // The page requires the password only from a person without an authenticator.
  if (isEnrolled(person) === (proof.method === 'password')) return [];
  if (proof.method === 'password') return stepUpWithPassword(model, real, on, proof.code === 'right');
  const place = { deviceId, address: on.browser.address };
  const code =
    proof.method === 'totp'
      ? codeOfApp(person, { typed: proof.code, app: proof.app }, model.now)
      : recoveryCodeOf(person, proof.code);
  const tried = { person, place, code };
  const refused = proof.method === 'totp' ? tryCodeAgain(model, tried) : tryRecoveryCode(model, tried);
  const path = proof.method === 'totp' ? '/step-up' : '/step-up/recovery-code';
  const answer = await real.post(on.node, on.browser, path, { code });
  if (refused.length > 0) {
    assertRefused(answer, refused);
    return [];
  }
  rise(model, on, answer.cookies.session, proof.method);
  return [proof.method === 'totp' ? 'step_up.proven' : 'recovery_code.used'];
});

/** In a session an app proves nothing where it is not usable. */
function tryCodeAgain(model: Model, tried: Parameters<typeof tryCode>[1]): ReturnType<typeof tryCode> {
  return provableKinds(model, tried.person).includes('totp') ? tryCode(model, tried) : ['forbidden'];
}

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
export function rise(model: Model, { browser, session }: Inside, token: string | undefined, proof: Proof | 'password') {
  assert(token !== undefined && token !== session.token, 'a rise of privilege brings a new token');
  raise(model, session, token, proof);
  browser.session = session;
}

export async function readNewCodes(model: Model, real: Real, { session, browser, node }: Inside): Promise<void> {
  const codes = codesOn((await real.get(node, browser, '/enroll/recovery-codes')).text);
  assert.equal(codes.length, 10);
  issueCodes(model, session.person, codes, 'page');
}

const turnOff = inside('turn off', fc.constant({}), async (model, real, { session, browser, node }) => {
  const { person } = session;
  const answer = await real.post(node, browser, '/security/authenticator/turn-off');
  if (!isSteppedUp(model, session)) return refusedForStepUp(answer);
  if (!canTurnOff(model, person) || !isEnrolled(person)) {
    assertRefused(answer, ['forbidden']);
    return [];
  }
  assert.equal(answer.location, '/security');
  return removeAll(model, session);
});

export function canTurnOff({ policy }: Model, { isStaff }: Person): boolean {
  return !isStaff && policy !== 'required';
}

/** Every authenticator, and the recovery codes with them. */
export function removeAll(model: Model, session: Session): Events {
  const { person, deviceId } = session;
  const events = person.factors.map(({ kind }) => `${kind}.removed`);
  removeFactors(model, person);
  Object.assign(person, { codes: new Map(), copyUntil: undefined });
  endOthers(model, person, session);
  forgetDevices(model, person, deviceId);
  return [...events, 'sessions.ended_others'];
}

const newCodes = inside('new recovery codes', fc.constant({}), async (model, real, on) => {
  const { session, browser, node } = on;
  const { person } = session;
  const answer = await real.post(node, browser, '/security/recovery-codes');
  if (!isSteppedUp(model, session)) return refusedForStepUp(answer);
  if (!isEnrolled(person)) {
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

/** Another second factor and a new password unlock disabled codes. The counters of any other stay. */
function bringBack(model: Model, { person, stepUpMethod }: Session): void {
  if ((stepUpMethod !== 'recovery_code' && stepUpMethod !== 'passkey') || !isEnrolled(person)) return;
  const known = model.devices.filter((device) => device.person === person).map(({ id }) => id);
  for (const id of [undefined, ...known]) {
    const counter = codeCounter(person.id, id);
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
  { weight: 1, arbitrary: turnOff },
  { weight: 2, arbitrary: newCodes },
  { weight: 2, arbitrary: changePassword },
  { weight: 1, arbitrary: endOtherSessions },
  { weight: 1, arbitrary: endOneSession },
];
