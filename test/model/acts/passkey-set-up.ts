import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { PasskeyPolicy } from '#core/people/policy.ts';
import { isRefusal, type RefusalCode } from '#core/values/result.ts';
import { changePasskeyPolicy } from '#flows/authenticators/passkey-policy.ts';
import type { RegistrationOverrides } from '../../authenticator/ceremony.ts';
import { phone, securityKey } from '../../stories/passkeys/passkey-story.ts';
import {
  act,
  assertRefused,
  type Drawn,
  type Events,
  isColleague,
  openStepsOf,
  ordinal,
  pick,
  pickOpenStep,
} from '../act.ts';
import { addChallenge, fits, type Where } from '../challenges.ts';
import { setUpCounter } from '../counters.ts';
import { addPasskey, capWithoutPasskey, endWithoutPasskey } from '../effects.ts';
import { freeSlot, kindsFor, type Use } from '../factors.ts';
import { type Inside, inside, refusedForStepUp } from '../inside.ts';
import { DAY, HOUR, isAtSetUp, isEnrolled, isSteppedUp, type Model, mayEnroll } from '../model.ts';
import type { Real } from '../real.ts';
import type { Challenge, Passkey, Pending, Session } from '../rows.ts';
import { endForChange, name } from './authenticators.ts';
import { becomeEnrolled } from './connect.ts';
import { closedStep, endForNewFactor, enter } from './enrollment.ts';
import { rise } from './security.ts';

const PAGE = '/security/authenticators/passkey';

/** Why this owner gets no challenge for a new passkey. */
function whyNoSetUp(model: Model, owner: Pending | Session): readonly RefusalCode[] | undefined {
  if (!mayEnroll(owner)) return ['access_code_required'];
  if (!kindsFor(model, owner.person).includes('passkey')) return ['forbidden'];
  const limit = model.counters.check([setUpCounter(owner.person.id)], model.now);
  return limit.length > 0 ? limit : undefined;
}

function begun(model: Model, where: Where, options: unknown, name: string | undefined): Events {
  assert(where.owner);
  assert.deepEqual(model.counters.reserve([setUpCounter(where.owner.person.id)], model.now), []);
  addChallenge(model, where, options, name);
  return ['enrollment.started'];
}

const startInside = inside(
  'start adding a passkey',
  fc.record({ name }),
  async (model, real, { name = '', session, browser, node }) => {
    const answer = await real.post(node, browser, `${PAGE}/options`, { name });
    if (!isSteppedUp(model, session)) return refusedForStepUp(answer);
    const refused = whyNoSetUp(model, session);
    if (refused) {
      assertRefused(answer, refused);
      return [];
    }
    const where = { purpose: 'enrollment', owner: session, browser } as const;
    return begun(model, where, JSON.parse(answer.text), name || undefined);
  },
);

/** A new key of a phone or of a security key. Rarely it claims the id of one that somebody has. */
const made = fc.record({ isSynced: fc.boolean(), isVerified: fc.constantFrom(true, true, false), copies: fc.nat(9) });
type Made = { readonly isSynced: boolean; readonly isVerified: boolean; readonly copies: number };

type Registered = { readonly key: Passkey; readonly text: string; readonly isTaken: boolean; readonly use: Use };

function register(model: Model, challenge: Challenge, { isSynced, isVerified, copies }: Made): Registered {
  const device = isSynced ? phone() : securityKey();
  const kept = model.passkeys.keys.filter((key) => key.person.factors.includes(key));
  const copied = copies === 0 ? kept.at(-1) : undefined;
  const overrides: RegistrationOverrides = {
    ...{ userVerified: isVerified, ignoresOptions: true },
    ...(copied && { credentialId: Buffer.from(copied.credentialId, 'base64url') }),
  };
  const creation = device.register(challenge.options, overrides);
  const key: Passkey = {
    ...{ kind: 'passkey', slot: 0, name: challenge.name, lastUsedAt: undefined },
    ...{ device, credentialId: creation.id, isSynced, counter: isSynced ? 0 : 1 },
  };
  const use = { isSynced, isVerified, isAlone: false };
  return { key, text: JSON.stringify(creation), isTaken: copied !== undefined, use };
}

/** Judges the answer that creates a passkey. Empty if it does, which uses up the challenge. */
function tryCreation(model: Model, where: Where, challenge: Challenge, isTaken: boolean): readonly RefusalCode[] {
  const owner = where.owner as Pending | Session;
  if (!fits(model, challenge, where) || !mayEnroll(owner)) return ['challenge_expired'];
  if (!kindsFor(model, owner.person).includes('passkey')) return ['forbidden'];
  if (freeSlot(owner.person, 'passkey') === undefined) return ['forbidden'];
  challenge.gone = true;
  return isTaken ? ['passkey_refused'] : [];
}

const challengeOf = { made, which: ordinal, isOwn: fc.constantFrom(true, true, true, false) };

function chosen(model: Model, owner: Pending | Session, { which, isOwn }: { which: number; isOwn: boolean }) {
  const own = model.passkeys.challenges.filter((one) => one.owner === owner && one.purpose === 'enrollment');
  return pick(isOwn && own.length > 0 ? own : creatable(model), which);
}

/** Challenges for use are tried too. They have no account to create a key for. */
function creatable({ passkeys }: Readonly<Model>): readonly Challenge[] {
  return passkeys.challenges.filter(({ purpose }) => purpose === 'enrollment');
}

const confirmInside = inside('add a passkey', fc.record(challengeOf), async (model, real, on) => {
  const { session, browser, node } = on;
  const challenge = chosen(model, session, on);
  if (!challenge) return [];
  const { key, text, isTaken, use } = register(model, challenge, on.made);
  const isUp = isSteppedUp(model, session);
  const where = { purpose: 'enrollment', owner: session, browser } as const;
  const refused = isUp ? tryCreation(model, where, challenge, isTaken) : [];
  const answer = await real.post(node, browser, PAGE, { credential: text });
  if (!isUp) return refusedForStepUp(answer);
  if (refused.length > 0) {
    if (kindsFor(model, session.person).includes('passkey')) assertRefused(answer, refused);
    else assert.equal(answer.location, '/security/authenticators');
    return [];
  }
  return addInside(model, real, on, { key, use, token: answer.cookies.session });
});

type Added = { readonly key: Passkey; readonly use: Use; readonly token: string | undefined };

async function addInside(model: Model, real: Real, on: Inside, { key, use, token }: Added): Promise<Events> {
  const { session } = on;
  const isFirst = !isEnrolled(session.person);
  addPasskey(model, session.person, key);
  if (!isFirst) return ['passkey.enrolled', ...endForChange(model, session)];
  rise(model, on, token, use);
  return ['passkey.enrolled', ...endForChange(model, session), ...(await becomeEnrolled(model, real, on))];
}

const start = act({
  name: 'start the set-up of a passkey',
  args: fc.record({ which: ordinal }),
  check: (model) => openStepsOf(model).length > 0,
  async run(model, real, { which, node }) {
    const openStep = pickOpenStep(model, which, isAtSetUp);
    const { pending, browser } = openStep;
    const answer = browser
      ? await real.post(node, browser, '/enroll/passkey/options')
      : await real.call(model, node, { path: '/sign-in/enrollment/passkey/options', token: pending.token });
    const refused = closedStep(model, pending) ?? whyNoSetUp(model, pending);
    if (refused) {
      assertRefused(answer, refused);
      return [];
    }
    const options = 'body' in answer ? answer.body.options : JSON.parse(answer.text);
    return begun(model, { purpose: 'enrollment', owner: pending, browser }, options, undefined);
  },
});

const confirm = act({
  name: 'set up a passkey',
  args: fc.record({ step: ordinal, ...challengeOf }),
  check: (model) => openStepsOf(model).length > 0 && creatable(model).length > 0,
  async run(model, real, { step, node, ...given }) {
    const waits = (one: Pending) => model.passkeys.challenges.some(({ owner, gone }) => owner === one && !gone);
    const openStep = pickOpenStep(model, step, (one) => isAtSetUp(one) && waits(one));
    const { pending, browser } = openStep;
    const challenge = chosen(model, pending, given);
    assert(challenge);
    const { key, text, isTaken, use } = register(model, challenge, given.made);
    const where = { purpose: 'enrollment', owner: pending, browser } as const;
    const closed = closedStep(model, pending);
    const refused = closed ?? tryCreation(model, where, challenge, isTaken);
    const path = '/sign-in/enrollment/passkey';
    const answer = browser
      ? await real.post(node, browser, '/enroll/passkey', { credential: text })
      : await real.call(model, node, { path, body: JSON.parse(text), token: pending.token });
    if (refused.length > 0) {
      assertSentOn(model, pending, answer, refused);
      return [];
    }
    endForNewFactor(model, pending);
    addPasskey(model, pending.person, key);
    return ['passkey.enrolled', ...(await enter(model, real, { answer, openStep, node, factor: use }))];
  },
});

type Sent = Parameters<typeof assertRefused>[0];

function assertSentOn(model: Model, pending: Pending, answer: Sent, refused: readonly RefusalCode[]): void {
  const isPage = !('body' in answer);
  if (isPage && !isAtSetUp(pending)) assert.equal(answer.location, '/sign-in/one-time-code');
  else if (isPage && !kindsFor(model, pending.person).includes('passkey')) assert.equal(answer.location, '/enroll');
  else assertRefused(answer, refused);
}

const changePolicy = act({
  name: 'change the policy of passkeys',
  args: fc.constantFrom<{ policy: PasskeyPolicy; in?: number }>(
    ...[{ policy: 'off' as const }, { policy: 'allowed' as const }, { policy: 'allowed' as const }],
    ...[{ policy: 'required' as const }, { policy: 'required' as const, in: HOUR }],
    { policy: 'required' as const, in: 2 * DAY },
  ),
  async run(model, real, { policy, in: seconds, node }) {
    const requiredFrom = seconds === undefined ? undefined : model.now + seconds;
    const choice = { policy, requiredFrom };
    assert(!isRefusal(await changePasskeyPolicy(real.world(node).env, 'command_line', model.partner.id, choice)));
    Object.assign(model.passkeys, choice);
    if (policy !== 'required') return ['partner.passkey_policy_changed'];
    const colleagues = model.people.filter(isColleague);
    if (requiredFrom === undefined) endWithoutPasskey(model, colleagues);
    else capWithoutPasskey(model, colleagues, requiredFrom);
    return ['partner.passkey_policy_changed'];
  },
});

export const PASSKEY_SET_UP_ACTS: readonly Drawn[] = [
  { weight: 8, arbitrary: startInside },
  { weight: 12, arbitrary: confirmInside },
  { weight: 4, arbitrary: start },
  { weight: 8, arbitrary: confirm },
  { weight: 2, arbitrary: changePolicy },
];
