import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { RefusalCode } from '#core/values/result.ts';
import { codesOn, secretOn } from '../../story.ts';
import { act, assertRefused, type Drawn, type OpenStep, openStepsOf, ordinal, pick, pickOpenStep } from '../act.ts';
import { digitsOf, meaningOf, type TypedCode, typedCode } from '../codes.ts';
import { endOthers, forgetDevices, issueCodes, setAuthenticator } from '../effects.ts';
import { codesWait, isLivePending, isLiveSession, MINUTE, type Model, mayEnroll, stateOf } from '../model.ts';
import type { Real } from '../real.ts';
import type { Browser, Pending, Session, Shown } from '../rows.ts';
import { finish } from './sign-in.ts';

const start = act({
  name: 'start an enrollment',
  args: fc.record({ which: ordinal }),
  check: (model) => openStepsOf(model).length > 0,
  async run(model, real, { which, node }) {
    const openStep = pickOpenStep(model, which, ({ person }) => !person.authenticator);
    const { pending, browser } = openStep;
    const refused =
      closedStep(model, pending) ?? (mayEnroll(pending) ? undefined : (['access_code_required'] as const));
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

/** The same secret for the same owner, until it expires or its attempts are used up. */
export function show(model: Model, owner: Pending | Session, secret: string): readonly string[] {
  if (isOpen(model, owner.shown) && owner.shown.tries < 20) {
    assert.equal(secret, owner.shown.secret, 'asking again shows the same secret');
    return [];
  }
  assert.notEqual(secret, owner.shown?.secret);
  owner.shown = { secret, expiresAt: Math.min(model.now + 10 * MINUTE, owner.expiresAt), tries: 0 };
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
    const { pending, browser } = openStep;
    const code = codeFor(model, pending, typed);
    const confirmed = closedStep(model, pending) ?? tryConfirmation(model, pending, code);
    const paths = ['/enroll/authenticator', '/sign-in/enrollment/confirm'] as const;
    const answer = await send(model, real, { ...openStep, node, paths, code });
    if (!('secret' in confirmed)) {
      assertSentOn(openStep, answer, confirmed);
      return [];
    }
    const { person, channel, deviceId } = pending;
    endOthers(model, person, pending);
    pending.ended = true;
    forgetDevices(model, person, deviceId);
    setAuthenticator(model, person, confirmed.secret, confirmed.step);
    const events = finish(model, answer, { person, browser, factor: 'totp', deviceId });
    const codes = browser
      ? codesOn((await real.get(node, browser, '/enroll/recovery-codes')).text)
      : ('body' in answer && (answer.body.recoveryCodes as string[])) || [];
    assert.equal(codes.length, 10);
    issueCodes(model, person, codes, channel);
    return ['totp.enrolled', 'recovery_codes.created', 'sessions.ended_others', ...events];
  },
});

export function codeFor({ now }: Model, { shown }: Pending | Session, typed: TypedCode): string {
  return shown ? digitsOf(shown, typed, now) : '123456';
}

type Confirmed = { readonly secret: string; readonly step: number };

/** Counts a confirmation and compares its code. */
export function tryConfirmation(
  model: Model,
  { shown }: Pending | Session,
  code: string,
): readonly RefusalCode[] | Confirmed {
  if (!isOpen(model, shown)) return ['enrollment_expired'];
  if (shown.tries >= 20) return ['too_many_attempts'];
  shown.tries += 1;
  const meaning = meaningOf(shown.secret, code, -1, model.now);
  return meaning.kind === 'accepted' ? { secret: shown.secret, step: meaning.step } : [meaning.kind];
}

const skip = act({
  name: 'not now',
  args: fc.record({ which: ordinal }),
  check: (model) => openStepsOf(model).length > 0,
  async run(model, real, { which, node }) {
    const openStep = pickOpenStep(model, which, ({ person }) => !person.authenticator);
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
  return pending.person.authenticator ? ['forbidden'] : undefined;
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
  const isEnrolled = openStep.pending.person.authenticator !== undefined;
  const toSetUp = codes.includes('enrollment_expired') ? '/enroll?ended' : '/enroll/access-code';
  assert.equal(answer.location, isEnrolled ? '/sign-in/one-time-code' : toSetUp);
  assert.ok(isEnrolled || codes.includes('enrollment_expired') || codes.includes('access_code_required'));
}

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
