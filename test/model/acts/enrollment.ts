import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { RefusalCode } from '#core/values/result.ts';
import { codesOn, secretOn } from '../../story.ts';
import { act, assertRefused, type Drawn, type OpenStep, openStepsOf, ordinal, pick, pickOpenStep } from '../act.ts';
import { digitsOf, meaningOf, type TypedCode, typedCode } from '../codes.ts';
import { setUpCounter } from '../counters.ts';
import { addApp, endOthers, forgetDevices, issueCodes } from '../effects.ts';
import { kindsFor, type Proof } from '../factors.ts';
import {
  codesWait,
  isAtSetUp,
  isEnrolled,
  isLivePending,
  isLiveSession,
  MINUTE,
  type Model,
  mayEnroll,
  stateOf,
} from '../model.ts';
import type { Real } from '../real.ts';
import type { Browser, Pending, Session, Shown } from '../rows.ts';
import { finish } from './sign-in.ts';

const start = act({
  name: 'start an enrollment',
  args: fc.record({ which: ordinal }),
  check: (model) => openStepsOf(model).length > 0,
  async run(model, real, { which, node }) {
    const openStep = pickOpenStep(model, which, isAtSetUp);
    const { pending, browser } = openStep;
    const refused = closedStep(model, pending) ?? whyNoSecret(model, pending);
    const answer = await send(model, real, { ...openStep, node, paths: ['/enroll', '/sign-in/enrollment'] });
    if (refused) {
      assertSentOn(openStep, answer, refused);
      return [];
    }
    const secret = browser
      ? secretOn((await real.get(node, browser, '/enroll/authenticator')).text)
      : String('body' in answer && answer.body.secret);
    return show(model, pending, secret);
  },
});

/** Why this owner gets no secret to see. Undefined if they do. */
export function whyNoSecret(model: Model, owner: Pending | Session): readonly RefusalCode[] | undefined {
  const { person } = owner;
  if (!mayEnroll(owner)) return ['access_code_required'];
  if (!kindsFor(model, person).includes('totp')) return ['forbidden'];
  if (isShown(model, owner)) return undefined;
  const limit = model.counters.check([setUpCounter(person.id)], model.now);
  return limit.length > 0 ? limit : undefined;
}

function isShown(model: Model, { shown }: Pending | Session): boolean {
  return isOpen(model, shown) && shown.tries < 20;
}

/** The same secret for the same owner, until it expires or its attempts are used up. */
export function show(model: Model, owner: Pending | Session, secret: string, name?: string): readonly string[] {
  if (owner.shown && isShown(model, owner)) {
    assert.equal(secret, owner.shown.secret, 'asking again shows the same secret');
    owner.shown.name = name ?? owner.shown.name;
    return [];
  }
  assert.notEqual(secret, owner.shown?.secret);
  assert.deepEqual(model.counters.reserve([setUpCounter(owner.person.id)], model.now), []);
  owner.shown = { secret, expiresAt: Math.min(model.now + 10 * MINUTE, owner.expiresAt), tries: 0, name };
  return ['enrollment.started'];
}

function isOpen({ now }: Model, shown: Shown | undefined): shown is Shown {
  return shown !== undefined && now < shown.expiresAt;
}

const confirm = act({
  name: 'confirm an enrollment',
  args: fc.record({ which: ordinal, typed: typedCode }),
  check: (model) => openStepsOf(model).length > 0,
  async run(model, real, { which, typed, node }) {
    const openStep = pickOpenStep(model, which, ({ shown }) => isOpen(model, shown));
    const { pending } = openStep;
    const code = codeFor(model, pending, typed);
    const confirmed = closedStep(model, pending) ?? tryConfirmation(model, pending, code);
    const paths = ['/enroll/authenticator', '/sign-in/enrollment/confirm'] as const;
    const answer = await send(model, real, { ...openStep, node, paths, code });
    if (!('secret' in confirmed)) {
      assertSentOn(openStep, answer, confirmed);
      return [];
    }
    endForNewFactor(model, pending);
    addApp(model, pending.person, confirmed);
    return ['totp.enrolled', ...(await enter(model, real, { answer, openStep, node, factor: 'totp' }))];
  },
});

/** A new authenticator ends the sign-in that it completes, and all others. */
export function endForNewFactor(model: Model, pending: Pending): void {
  endOthers(model, pending.person, pending);
  pending.ended = true;
  forgetDevices(model, pending.person, pending.deviceId);
}

type Entered = {
  readonly answer: Awaited<ReturnType<typeof send>>;
  readonly openStep: OpenStep;
  readonly node: 0 | 1;
  readonly factor: Proof;
};

/** The session that a new authenticator opens. Recovery codes come with the first one. */
export async function enter(model: Model, real: Real, { answer, openStep, node, factor }: Entered): Promise<string[]> {
  const { pending, browser } = openStep;
  const { person, channel, deviceId, proven } = pending;
  const events = ['sessions.ended_others', ...finish(model, answer, { person, browser, factor, proven, deviceId })];
  if (proven) return events;
  const codes = browser
    ? codesOn((await real.get(node, browser, '/enroll/recovery-codes')).text)
    : ('body' in answer && (answer.body.recoveryCodes as string[])) || [];
  assert.equal(codes.length, 10);
  issueCodes(model, person, codes, channel);
  return [...events, 'recovery_codes.created'];
}

export function codeFor({ now }: Model, { shown }: Pending | Session, typed: TypedCode): string {
  return shown ? digitsOf(shown, typed, now) : '123456';
}

type Confirmed = { readonly secret: string; readonly step: number; readonly name: string | undefined };

/** Counts a confirmation and compares its code. */
export function tryConfirmation(
  model: Model,
  { person, shown }: Pending | Session,
  code: string,
): readonly RefusalCode[] | Confirmed {
  if (!isOpen(model, shown)) return ['enrollment_expired'];
  if (shown.tries >= 20) return ['too_many_attempts'];
  shown.tries += 1;
  const meaning = meaningOf(shown.secret, code, -1, model.now);
  if (meaning.kind !== 'accepted') return [meaning.kind];
  if (!kindsFor(model, person).includes('totp')) return ['forbidden'];
  return { secret: shown.secret, step: meaning.step, name: shown.name };
}

const skip = act({
  name: 'not now',
  args: fc.record({ which: ordinal }),
  check: (model) => openStepsOf(model).length > 0,
  async run(model, real, { which, node }) {
    const openStep = pickOpenStep(model, which, ({ person }) => !isEnrolled(person));
    const { pending, browser } = openStep;
    const { person, deviceId } = pending;
    const isOffered = stateOf(model, pending) === 'enrollment_offered';
    const refused = isLivePending(model, pending)
      ? isOffered
        ? undefined
        : ['forbidden' as const]
      : ['sign_in_expired' as const];
    const answer = await send(model, real, { ...openStep, node, paths: ['/enroll/skip', '/sign-in/enrollment/skip'] });
    if (refused) {
      assertRefused(answer, refused);
      return [];
    }
    pending.ended = true;
    person.skippedAt = model.now;
    return [
      'enrollment.skipped',
      ...finish(model, answer, { person, browser, factor: undefined, replaced: pending.replaced, deviceId }),
    ];
  },
});

const done = act({
  name: 'done',
  args: fc.record({ at: fc.constantFrom(0, 1) }),
  check: (model) => browsersWithCodes(model).length > 0,
  async run(model, real, { at, node }) {
    const browser = pick(browsersWithCodes(model), at);
    assert(browser?.session);
    const { person } = browser.session;
    const shown = codesOn((await real.get(node, browser, '/enroll/recovery-codes')).text);
    assert.deepEqual(shown, [...person.codes.keys()], 'the same codes until Done');
    assert.equal((await real.post(node, browser, '/enroll/recovery-codes', { saved: 'yes' })).status, 303);
    person.copyUntil = undefined;
    return ['recovery_codes.acknowledged'];
  },
});

function browsersWithCodes(model: Readonly<Model>): readonly Browser[] {
  return model.browsers.filter(({ session }) => isLiveSession(model, session) && codesWait(model, session));
}

/** Why this step allows no set-up. */
export function closedStep(model: Model, pending: Pending): readonly RefusalCode[] | undefined {
  if (!isLivePending(model, pending)) return ['sign_in_expired'];
  return isAtSetUp(pending) ? undefined : ['forbidden'];
}

/** A call is refused by its code. A page redirects to the current step, or shows the same form again. */
export function assertSentOn(
  openStep: OpenStep,
  answer: Awaited<ReturnType<typeof send>>,
  codes: readonly RefusalCode[],
): void {
  if (!('location' in answer) || answer.status !== 303) {
    assertRefused(answer, codes);
    return;
  }
  const ways = codes.map((code) => (isAtSetUp(openStep.pending) ? WAYS[code] : '/sign-in/one-time-code'));
  assert.ok(ways.includes(answer.location), `sent on to ${answer.location}, and the model says ${ways}`);
}

/** Where a page of the set-up leads a person who cannot go on there. */
const WAYS: { readonly [code in RefusalCode]?: string } = {
  enrollment_expired: '/enroll?ended',
  too_many_attempts: '/enroll?ended',
  access_code_required: '/enroll/access-code',
  forbidden: '/enroll/passkey',
};

type Sending = OpenStep & { node: 0 | 1; paths: readonly [page: string, api: string]; code?: string };

export function send(model: Model, real: Real, { pending, browser, node, paths: [page, path], code }: Sending) {
  const fields: Record<string, string> = code === undefined ? {} : { code };
  return browser
    ? real.post(node, browser, page, fields)
    : real.call(model, node, { path, body: fields, token: pending.token });
}

export const ENROLLMENT_ACTS: readonly Drawn[] = [
  { weight: 6, arbitrary: start },
  { weight: 10, arbitrary: confirm },
  { weight: 3, arbitrary: skip },
  { weight: 4, arbitrary: done },
];
