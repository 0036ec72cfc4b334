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
import { digitsOf, meaningOfAll, type TypedCode, typedCode } from '../codes.ts';
import { codeCounter, type Place, proofCounters, recoveryCounter } from '../counters.ts';
import { unusedCodes } from '../effects.ts';
import { appsOf, needsPasskey, passkeysOf } from '../factors.ts';
import { isAtSetUp, isLivePending, type Model } from '../model.ts';
import type { Real } from '../real.ts';
import type { Browser, Pending, Person } from '../rows.ts';
import { begin, deviceHere } from '../trust.ts';
import { finish } from './sign-in.ts';

const oneTimeCode = act({
  name: 'one-time code',
  args: fc.record({ which: ordinal, typed: typedCode, app: fc.nat(2), trusts: fc.boolean() }),
  check: (model) => openStepsOf(model).length > 0,
  run: (model, real, { which, ...how }) => giveCode(model, real, { ...pickOpenStep(model, which, isAtProof), ...how }),
});

type Typed = { readonly typed: TypedCode; readonly app?: number; readonly trusts: boolean };

export async function giveCode(model: Model, real: Real, on: OpenStep & On & Typed): Promise<Events> {
  const { typed, app = 0, trusts, node, ...openStep } = on;
  const { pending, browser } = openStep;
  const code = codeOfApp(pending.person, { typed, app }, model.now);
  const refused = closedStep(model, pending) ?? tryCode(model, { ...placed(model, openStep), pending, code });
  const here = deviceHere(model, browser, pending.person);
  const answer = await send(model, real, { ...openStep, path: '/sign-in/one-time-code', code, trusts, node });
  if (isAtEnrollment(openStep, answer)) return [];
  if (refused.length > 0) {
    assertRefused(answer, refused);
    return [];
  }
  if (needsPasskey(model, pending.person)) return ['sign_in.code_accepted', ...prove(pending, 'totp', answer)];
  pending.ended = true;
  const events = finish(model, answer, { ...openStep, ...pending, browser, proven: undefined, factor: 'totp' });
  const begun = browser && trusts ? begin(model, browser, pending.person, here) : [];
  return ['sign_in.code_accepted', ...events, ...begun];
}

/** The policy wants a passkey before there is a session. */
function prove(pending: Pending, proven: 'totp' | 'recovery_code', answer: Awaited<ReturnType<typeof send>>): Events {
  pending.proven = proven;
  if ('body' in answer) assert.deepEqual([answer.status, answer.body.state], [200, 'enrollment_required']);
  else assert.equal(answer.location, '/enroll');
  return [];
}

function isAtProof(pending: Pending): boolean {
  return !isAtSetUp(pending);
}

/** The digits of one of a person's apps. Wrong digits are wrong for all of them. */
export function codeOfApp(person: Person, { typed, app }: { typed: TypedCode; app: number }, now: number): string {
  const apps = appsOf(person);
  const one = apps[app % Math.max(1, apps.length)];
  const others = apps.map(({ secret }) => secret);
  return one ? digitsOf({ ...one, others }, typed, now) : '123456';
}

/** The source of a recovery code: one of the set, used or not; one of an earlier set; an unknown one. */
const typedRecoveryCode = fc.constantFrom('unused', 'unused', 'used', 'wrong');

const recoveryCode = act({
  name: 'recovery code',
  args: fc.record({ which: ordinal, typed: typedRecoveryCode }),
  check: (model) => openStepsOf(model).length > 0,
  async run(model, real, { which, typed, node }) {
    const openStep = pickOpenStep(model, which, isAtProof);
    const { pending } = openStep;
    const code = recoveryCodeOf(pending.person, typed);
    const refused = closedStep(model, pending) ?? tryRecoveryCode(model, { ...placed(model, openStep), pending, code });
    const answer = await send(model, real, { ...openStep, path: '/sign-in/recovery-code', code, node });
    if (isAtEnrollment(openStep, answer)) return [];
    if (refused.length > 0) {
      assertRefused(answer, refused);
      return [];
    }
    if ('body' in answer) assert.equal(answer.body.remainingRecoveryCodes, unusedCodes(pending.person).length);
    if (needsPasskey(model, pending.person)) return ['recovery_code.used', ...prove(pending, 'recovery_code', answer)];
    pending.ended = true;
    const events = finish(model, answer, {
      ...openStep,
      ...pending,
      ...{ browser: openStep.browser, proven: undefined, factor: 'recovery_code' },
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

/** A page redirects a sign-in that sets up an authenticator to the set-up. A call is refused. */
export function isAtEnrollment(
  { pending, browser }: { pending: Pending; browser: Browser | undefined },
  answer: object,
): boolean {
  if (!browser || !isAtSetUp(pending)) return false;
  assert('location' in answer && answer.location === '/enroll');
  return true;
}

/** Why no proof is compared. Undefined if one is. */
export function closedStep(model: Model, pending: Pending): readonly RefusalCode[] | undefined {
  if (!isLivePending(model, pending)) return ['sign_in_expired'];
  return isAtSetUp(pending) ? ['forbidden'] : undefined;
}

export type Try = { readonly person: Person; readonly pending?: Pending; readonly place: Place; readonly code: string };

export function placed(model: Model, { pending, browser }: { pending: Pending; browser: Browser | undefined }) {
  const { person, deviceId } = pending;
  return { person, place: { deviceId, address: browser?.address ?? model.apiAddress } };
}

/**
 * Counts one attempt, whatever the number of apps, and compares the code with each of them. Empty if it is right, which
 * uses up the step of that app.
 */
export function tryCode(model: Model, { person, pending, place, code }: Try): readonly RefusalCode[] {
  const apps = appsOf(person);
  if (apps.length === 0) return ['forbidden'];
  const tried = proofCounters(codeCounter(person.id, place.deviceId), place);
  const refused = reserve(model, pending, tried);
  if (refused.length > 0) return refused;
  const { app, meaning } = meaningOfAll(apps, code, model.now);
  if (meaning.kind !== 'accepted') return [meaning.kind];
  // A page that imitates ours would get the code of a person who has a passkey.
  if (pending && needsPasskey(model, person) && passkeysOf(person).length > 0) return ['forbidden'];
  Object.assign(app, { lastUsedStep: meaning.step, lastUsedAt: model.now });
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

export function reserve(
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
