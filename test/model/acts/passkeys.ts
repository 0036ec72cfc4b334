import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { RefusalCode } from '#core/values/result.ts';
import { act, assertRefused, type Drawn, type Events, openStepsOf, ordinal, pick, pickOpenStep } from '../act.ts';
import {
  addChallenge,
  fits,
  HOWS,
  type How,
  type Judged,
  ownerOf,
  sign,
  tryPasskey,
  type Where,
} from '../challenges.ts';
import { addressCounter } from '../counters.ts';
import { provableKinds, type Use } from '../factors.ts';
import { codesWait, deviceIdOf, isAtSetUp, isLiveSession, type Model } from '../model.ts';
import type { Real } from '../real.ts';
import type { Browser, Challenge, Pending, Person, Session, Signed } from '../rows.ts';
import { closedStep, isAtEnrollment } from './second-factor.ts';
import { rise } from './security.ts';
import { finish, replacedBy } from './sign-in.ts';

/** An unfinished sign-in, a session, or a sign-in that begins with the passkey. */
const PURPOSES = ['second_factor', 'second_factor', 'step_up', 'sign_in'] as const;
type Purpose = (typeof PURPOSES)[number];

const place = { purpose: fc.constantFrom(...PURPOSES), at: fc.constantFrom(undefined, 0, 1), which: ordinal };
type Place = { readonly purpose: Purpose; readonly at: 0 | 1 | undefined; readonly which: number };

/** Where a passkey is used now; undefined where nobody is at that point. */
function whereAt(model: Readonly<Model>, { purpose, at, which }: Place): Where | undefined {
  const browser = at === undefined ? undefined : model.browsers[at];
  if (purpose === 'sign_in') return { purpose, owner: undefined, browser };
  if (purpose === 'step_up') {
    const session = browser?.session;
    const isIn = isLiveSession(model, session) && !codesWait(model, session);
    return isIn ? { purpose, owner: session, browser } : undefined;
  }
  if (openStepsOf(model).length === 0) return undefined;
  const openStep = pickOpenStep(model, which, (pending) => hasPasskeyToUse(model, pending));
  return { purpose, owner: openStep.pending, browser: openStep.browser };
}

function hasPasskeyToUse(model: Readonly<Model>, pending: Pending): boolean {
  return !isAtSetUp(pending) && provableKinds(model, pending.person).includes('passkey');
}

const PAGES = { second_factor: '/sign-in/passkey', step_up: '/step-up/passkey', sign_in: '/sign-in/passkey/alone' };

function send(model: Model, real: Real, { where, node, answer }: { where: Where; node: 0 | 1; answer?: string }) {
  const { purpose, owner, browser } = where;
  const isAsking = answer === undefined;
  if (browser) {
    const path = PAGES[purpose as Purpose];
    return real.post(node, browser, isAsking ? `${path}/options` : path, isAsking ? {} : { credential: answer });
  }
  const path = `/sign-in/passkey${isAsking ? '/options' : ''}`;
  return real.call(model, node, { path, body: isAsking ? {} : JSON.parse(answer), token: owner?.token });
}

type Sent = Awaited<ReturnType<typeof send>>;

/** Asks for a challenge. Undefined if it is refused, as it must be then. */
async function challengeAt(model: Model, real: Real, where: Where, node: 0 | 1): Promise<Challenge | undefined> {
  const { owner } = where;
  const refused = owner && whyNoChallenge(model, owner as Pending | Session);
  const answer = await send(model, real, { where, node });
  if (refused) {
    assertRefused(answer, refused);
    return undefined;
  }
  assert.equal(answer.status, 200);
  return addChallenge(model, where, 'body' in answer ? answer.body : JSON.parse(answer.text));
}

function whyNoChallenge(model: Model, owner: Pending | Session) {
  const isProvable = provableKinds(model, owner.person).includes('passkey');
  if ('amr' in owner) return isProvable ? undefined : (['forbidden'] as const);
  return closedStep(model, owner) ?? (isProvable ? undefined : (['forbidden'] as const));
}

const ask = act({
  name: 'ask for a challenge',
  args: fc.record(place),
  check: (model, given) => model.passkeys.keys.length > 0 && whereAt(model, given) !== undefined,
  async run(model, real, { node, ...given }) {
    const where = whereAt(model, given);
    assert(where);
    await challengeAt(model, real, where, node);
    return [];
  },
});

/** The challenge to answer: the newest one of that place, any one, or an answer that was sent before. */
const answered = fc.constantFrom('own', 'own', 'any', 'again');

const answer = act({
  name: 'answer with a passkey',
  args: fc.record({ ...place, key: ordinal, how: fc.constantFrom(...HOWS), answered, challenge: ordinal }),
  check: (model, given) => whereAt(model, given) !== undefined && answerable(model).length > 0,
  async run(model, real, { node, key, how, answered: from, challenge: index, ...given }) {
    const where = whereAt(model, given);
    const key0 = keyFor(model, where, key);
    const all = answerable(model);
    const own = all.filter(({ owner, purpose }) => owner === where?.owner && purpose === where?.purpose);
    const challenge = pick(from === 'own' && own.length > 0 ? own : all, index);
    assert(where && challenge && key0);
    const before = from === 'again' ? pick(model.passkeys.signed, index) : undefined;
    return use(model, real, { where, node, signed: before ?? sign(key0, challenge, how) });
  },
});

function answerable({ passkeys }: Readonly<Model>): readonly Challenge[] {
  return passkeys.keys.length > 0 ? passkeys.challenges.filter(({ purpose }) => purpose !== 'enrollment') : [];
}

/** Mostly a passkey that the person still has, otherwise any one that was ever made. */
function keyFor({ passkeys: { keys } }: Model, where: Where | undefined, index: number) {
  const own = keys.filter(
    (key) => key.person.factors.includes(key) && (where?.owner?.person ?? key.person) === key.person,
  );
  return pick(index < 5 && own.length > 0 ? own : keys, index);
}

/** Asks and answers at once. */
const present = act({
  name: 'use a passkey',
  args: fc.record({ ...place, key: ordinal, how: fc.constantFrom<How>('right', 'right', 'right', 'unverified') }),
  check: (model, given) => model.passkeys.keys.length > 0 && whereAt(model, given) !== undefined,
  async run(model, real, { node, key, how, ...given }) {
    const where = whereAt(model, given);
    const one = keyFor(model, where, key);
    assert(where && one);
    const challenge = await challengeAt(model, real, where, node);
    return challenge ? use(model, real, { where, node, signed: sign(one, challenge, how) }) : [];
  },
});

/** More than a recovery code or a one-time code may be tried: passkeys use up no tries of those. */
const REFUSALS = 12;

/** Somebody tries a key with wrong signatures, as the whole sign-in, over and over. */
const tryOften = act({
  name: 'refused passkeys',
  args: fc.record({ key: ordinal }),
  check: ({ passkeys }) => passkeys.keys.length > 0,
  async run(model, real, { node, key }) {
    const where = { purpose: 'sign_in', owner: undefined, browser: undefined } as const;
    const one = keyFor(model, where, key);
    assert(one);
    const events: string[] = [];
    for (let refused = 0; refused < REFUSALS; refused++) {
      const challenge = await challengeAt(model, real, where, node);
      assert(challenge);
      events.push(...(await use(model, real, { where, node, signed: sign(one, challenge, 'forged') })));
    }
    return events;
  },
});

type Using = { readonly where: Where; readonly node: 0 | 1; readonly signed: Signed };

async function use(model: Model, real: Real, { where, node, signed }: Using): Promise<Events> {
  model.passkeys.signed.push(signed);
  const { owner, browser } = where;
  const pending = where.purpose === 'second_factor' ? (owner as Pending) : undefined;
  const person = owner?.person ?? ownerOf(model, signed.key);
  const deviceId = owner ? owner.deviceId : person && deviceIn(model, browser, person);
  const closed = pending && closedStep(model, pending);
  const held = browser?.session;
  const attempt = { pending, deviceId, address: browser?.address ?? model.apiAddress, where };
  const judged = closed ? { refused: closed } : judge(model, { ...attempt, person }, signed);
  const sent = await send(model, real, { where, node, answer: signed.text });
  if (pending && isAtEnrollment({ pending, browser }, sent)) return [];
  if ('refused' in judged) {
    assertSentOn(model, where, sent, judged.refused);
    return [];
  }
  assert(person);
  return accept(model, { where, node, sent, held, proof: judged, person, deviceId });
}

function deviceIn(model: Model, browser: Browser | undefined, person: Person): string | undefined {
  return browser && deviceIdOf(model, browser.device, person);
}

type Attempt = Omit<Parameters<typeof tryPasskey>[1], 'person'> & { readonly person: Person | undefined };

function judge(model: Model, { person, ...attempt }: Attempt, signed: Signed): Judged {
  if (person) return tryPasskey(model, { ...attempt, person }, signed);
  if (!fits(model, signed.challenge, attempt.where)) return { refused: ['challenge_expired'] };
  // There is nobody to count it for, so it counts for the network.
  signed.challenge.gone = true;
  const limit = model.counters.reserve([addressCounter(attempt.address)], model.now);
  return { refused: limit.length > 0 ? limit : ['passkey_refused'] };
}

/** Where passkeys are not usable, a page leads to what is. */
function assertSentOn(model: Model, { purpose, owner }: Where, sent: Sent, refused: readonly RefusalCode[]): void {
  const isUsable = owner === undefined || provableKinds(model, owner.person).includes('passkey');
  if (isUsable || 'body' in sent) assertRefused(sent, refused);
  else assert.equal(sent.location, purpose === 'step_up' ? '/step-up' : '/sign-in/one-time-code');
}

type Accepted = {
  readonly where: Where;
  readonly node: 0 | 1;
  readonly sent: Sent;
  readonly held: Session | undefined;
  readonly proof: Use;
  readonly person: Person;
  readonly deviceId: string | undefined;
};

function accept(model: Model, { where, node, sent, held, proof, person, deviceId }: Accepted): Events {
  const { purpose, owner, browser } = where;
  if (purpose === 'step_up') {
    assert(browser && 'cookies' in sent);
    rise(model, { browser, session: owner as Session, node }, sent.cookies.session, proof);
    return ['step_up.proven'];
  }
  if (owner) owner.ended = true;
  const replaced = owner ? (owner as Pending).replaced : replacedBy(model, held, person);
  const finished = finish(model, sent, { person, browser, factor: proof, replaced, deviceId });
  return ['sign_in.passkey_accepted', ...finished];
}

export const PASSKEY_ACTS: readonly Drawn[] = [
  { weight: 5, arbitrary: ask },
  { weight: 10, arbitrary: answer },
  { weight: 20, arbitrary: present },
  { weight: 1, arbitrary: tryOften },
];
