import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { RefusalCode } from '#core/values/result.ts';
import {
  act,
  assertRefused,
  type Drawn,
  type Events,
  type On,
  type OpenStep,
  openStepsOf,
  ordinal,
  pickOpenStep,
} from '../act.ts';
import { digitsOf, meaningOf, type TypedCode, typedCode } from '../codes.ts';
import { codeCounter, type Place, proofCounters, recoveryCounter } from '../counters.ts';
import { unusedCodes } from '../effects.ts';
import { isLivePending, type Model } from '../model.ts';
import type { Real } from '../real.ts';
import type { Browser, Pending, Person } from '../rows.ts';
import { begin, deviceHere } from '../trust.ts';
import { finish } from './sign-in.ts';

const oneTimeCode = act({
  name: 'one-time code',
  args: fc.record({ which: ordinal, typed: typedCode, trusts: fc.boolean() }),
  check: (model) => openStepsOf(model).length > 0,
  run: (model, real, { which, ...how }) => giveCode(model, real, { ...pickOpenStep(model, which, isEnrolled), ...how }),
});

type Typed = { readonly typed: TypedCode; readonly trusts: boolean };

export async function giveCode(model: Model, real: Real, on: OpenStep & On & Typed): Promise<Events> {
  const { typed, trusts, node, ...openStep } = on;
  const { pending } = openStep;
  const { authenticator } = pending.person;
  const code = authenticator ? digitsOf(authenticator, typed, model.now) : '123456';
  const refused = closedStep(model, pending) ?? tryCode(model, { ...placed(model, openStep), pending, code });
  const { browser } = openStep;
  const here = deviceHere(model, browser, pending.person);
  const answer = await send(model, real, { ...openStep, path: '/sign-in/one-time-code', code, trusts, node });
  if (isAtEnrollment(openStep, answer)) return [];
  if (refused.length > 0) {
    assertRefused(answer, refused);
    return [];
  }
  pending.ended = true;
  const events = finish(model, answer, { ...openStep, ...pending, browser, factor: 'totp' });
  const begun = browser && trusts ? begin(model, browser, pending.person, here) : [];
  return ['sign_in.code_accepted', ...events, ...begun];
}

function isEnrolled({ person }: Pending): boolean {
  return person.authenticator !== undefined;
}

/** The source of a recovery code: one of the set, used or not; one of an earlier set; an unknown one. */
const typedRecoveryCode = fc.constantFrom('unused', 'unused', 'used', 'wrong');

const recoveryCode = act({
  name: 'recovery code',
  args: fc.record({ which: ordinal, typed: typedRecoveryCode }),
  check: (model) => openStepsOf(model).length > 0,
  async run(model, real, { which, typed, node }) {
    const openStep = pickOpenStep(model, which, isEnrolled);
    const { pending } = openStep;
    const code = recoveryCodeOf(pending.person, typed);
    const refused = closedStep(model, pending) ?? tryRecoveryCode(model, { ...placed(model, openStep), pending, code });
    const answer = await send(model, real, { ...openStep, path: '/sign-in/recovery-code', code, node });
    if (isAtEnrollment(openStep, answer)) return [];
    if (refused.length > 0) {
      assertRefused(answer, refused);
      return [];
    }
    pending.ended = true;
    if ('body' in answer) assert.equal(answer.body.remainingRecoveryCodes, unusedCodes(pending.person).length);
    const events = finish(model, answer, {
      ...openStep,
      ...pending,
      browser: openStep.browser,
      factor: 'recovery_code',
    });
    return ['recovery_code.used', ...events];
  },
});

export function recoveryCodeOf(person: Person, typed: string): string {
  const used = [...person.codes].find(([, isUsed]) => isUsed)?.[0];
  const wrong = '0000-0000-0000-0000';
  if (typed === 'wrong') return wrong;
  return (typed === 'used' ? used : unusedCodes(person)[0]) ?? wrong;
}

/** A page redirects a person without an authenticator to the set-up. A call is refused. */
function isAtEnrollment(
  { pending, browser }: { pending: Pending; browser: Browser | undefined },
  answer: object,
): boolean {
  if (!browser || pending.person.authenticator) return false;
  assert('location' in answer && answer.location === '/enroll');
  return true;
}

/** Why no code is compared. Undefined if one is. */
function closedStep(model: Model, pending: Pending): readonly RefusalCode[] | undefined {
  if (!isLivePending(model, pending)) return ['sign_in_expired'];
  return pending.person.authenticator ? undefined : ['forbidden'];
}

export type Try = { readonly person: Person; readonly pending?: Pending; readonly place: Place; readonly code: string };

function placed(model: Model, { pending, browser }: { pending: Pending; browser: Browser | undefined }) {
  const { person, deviceId } = pending;
  return { person, place: { deviceId, address: browser?.address ?? model.apiAddress } };
}

/** Counts an attempt and compares the code. Undefined if it is right, which uses up the step. */
export function tryCode(model: Model, { person, pending, place, code }: Try): readonly RefusalCode[] {
  const { authenticator } = person;
  assert(authenticator);
  const tried = proofCounters(codeCounter(authenticator.key, place.deviceId), place);
  const refused = reserve(model, pending, tried);
  if (refused.length > 0) return refused;
  const meaning = meaningOf(authenticator.secret, code, authenticator.lastUsedStep, model.now);
  if (meaning.kind !== 'accepted') return [meaning.kind];
  authenticator.lastUsedStep = meaning.step;
  model.counters.giveBack(tried, model.now);
  return [];
}

export function tryRecoveryCode(model: Model, { person, pending, place, code }: Try): readonly RefusalCode[] {
  const tried = proofCounters(recoveryCounter(person.id, place.deviceId), place);
  const refused = reserve(model, pending, tried);
  if (refused.length > 0) return refused;
  const used = person.codes.get(code);
  if (used !== false) return [used ? 'recovery_code_already_used' : 'recovery_code_incorrect'];
  person.codes.set(code, true);
  model.counters.giveBack(tried, model.now);
  return [];
}

function reserve(
  model: Model,
  pending: Pending | undefined,
  tried: ReturnType<typeof proofCounters>,
): readonly RefusalCode[] {
  if (pending && pending.tries >= 5) return ['too_many_attempts'];
  const refused = model.counters.reserve(tried, model.now);
  if (pending && refused.length === 0) pending.tries += 1;
  return refused;
}

type Sending = { pending: Pending; browser: Browser | undefined; path: string; code: string; trusts?: boolean };

function send(model: Model, real: Real, { pending, browser, path, code, trusts, node }: Sending & On) {
  return browser
    ? real.post(node, browser, path, { code, ...(trusts && { trust: 'yes' }) })
    : real.call(model, node, { path, body: { code }, token: pending.token });
}

export const SECOND_FACTOR_ACTS: readonly Drawn[] = [
  { weight: 12, arbitrary: oneTimeCode },
  { weight: 4, arbitrary: recoveryCode },
];
