import assert from 'node:assert/strict';
import type { RefusalCode } from '#core/values/result.ts';
import type { AuthenticationOverrides } from '../authenticator/ceremony.ts';
import { type Counter, passkeyCounter, proofCounters } from './counters.ts';
import { kindsFor, type Use } from './factors.ts';
import { isShutOut, MINUTE, type Model } from './model.ts';
import type { Browser, Challenge, Key, Owner, Passkey, Pending, Person, Session, Signed } from './rows.ts';

const CHALLENGES_PER_OWNER = 5;

/** Where a passkey is asked for: in an unfinished sign-in, in a session, or before anybody is known. */
export type Where = {
  readonly purpose: Challenge['purpose'];
  readonly owner: Owner | undefined;
  /** Undefined for a program. */
  readonly browser: Browser | undefined;
};

export function addChallenge(
  model: Model,
  { purpose, owner, browser }: Where,
  options: unknown,
  name?: string,
): Challenge {
  const made: Challenge = {
    ...{ purpose, owner, form: browser?.form, name, expiresAt: model.now + 5 * MINUTE, gone: false },
    // The cast: JSON of the service, which the device reads.
    options: options as Challenge['options'],
  };
  const { challenges } = model.passkeys;
  assert.ok(
    challenges.every((one) => one.options.challenge !== made.options.challenge),
    'a challenge of its own',
  );
  challenges.push(made);
  if (owner === undefined) return made;
  const waiting = challenges.filter((one) => one.owner === owner && !one.gone);
  for (const oldest of waiting.slice(0, -CHALLENGES_PER_OWNER)) oldest.gone = true;
  return made;
}

/** Whether a challenge can be answered there, by the person or program that it was made for. */
export function fits({ now }: Model, one: Challenge, { purpose, owner, browser }: Where): boolean {
  const isLive = !one.gone && now < one.expiresAt;
  // A browser that comes for the first time gets its form cookie with the answer: nothing was made for it yet.
  const isNew = browser !== undefined && browser.form === undefined;
  return isLive && !isNew && one.purpose === purpose && one.owner === owner && one.form === browser?.form;
}

/** How a device answers. Everything not named is honest. */
export const HOWS = ['right', 'right', 'right', 'right', 'unverified', 'same count', 'ahead', 'forged'] as const;
export type How = (typeof HOWS)[number];

/** An answer of a device, or one that it gave before. */
export function sign(key: Key, challenge: Challenge, how: How): Signed {
  const overrides: AuthenticationOverrides = {
    ...{ credential: key.credentialId, ignoresOptions: true, userVerified: how !== 'unverified' },
    ...(how === 'forged' && { signature: 'flipped-bit' }),
    ...(how === 'same count' && { counter: key.counter }),
    ...(how === 'ahead' && { counter: key.counter + 5 }),
  };
  const answer = key.device.authenticate(challenge.options, overrides);
  const counter = Buffer.from(answer.response.authenticatorData, 'base64url').readUInt32BE(33);
  const text = JSON.stringify(answer);
  return { key, challenge, text, isVerified: how !== 'unverified', isForged: how === 'forged', counter };
}

export type Judged = { readonly refused: readonly RefusalCode[] } | Use;

type Attempt = {
  readonly person: Person;
  readonly pending?: Pending | undefined;
  readonly deviceId: string | undefined;
  readonly address: string;
  readonly where: Where;
};

/** Counts an attempt in counters of passkeys alone, uses the challenge up, and judges the answer. */
export function tryPasskey(model: Model, attempt: Attempt, signed: Signed): Judged {
  const { person, pending, where } = attempt;
  const tried = proofCounters(passkeyCounter(person.id, attempt.deviceId), attempt);
  const limit = pending && pending.tries >= 5 ? TOO_MANY : model.counters.check(tried, model.now);
  if (limit.length > 0) return { refused: limit };
  if (!fits(model, signed.challenge, where)) return { refused: ['challenge_expired'] };
  signed.challenge.gone = true;
  model.counters.reserve(tried, model.now);
  if (pending) pending.tries += 1;
  return accept(model, attempt, signed, tried);
}

const TOO_MANY: readonly RefusalCode[] = ['too_many_attempts'];

function accept(model: Model, { person, where }: Attempt, signed: Signed, tried: readonly Counter[]): Judged {
  const { key, isVerified, isForged, counter } = signed;
  const own = person.factors.find((one): one is Passkey => one === key);
  const isAlone = where.purpose === 'sign_in';
  if (!own || isForged || (mustVerify(where) && !isVerified)) return REFUSED;
  const countsOn = counter > own.counter || (counter === 0 && own.counter === 0);
  if (!countsOn && !own.isSynced) return REFUSED;
  if (!kindsFor(model, person).includes('passkey')) return { refused: ['forbidden'] };
  Object.assign(own, { counter, lastUsedAt: model.now });
  model.counters.giveBack(tried, model.now);
  return { isSynced: own.isSynced, isVerified, isAlone };
}

const REFUSED = { refused: ['passkey_refused'] } as const;

/** Where no password was proven, the device must verify its user. */
function mustVerify({ purpose, owner }: Where): boolean {
  if (purpose === 'sign_in') return true;
  return owner !== undefined && 'amr' in owner && !(owner as Session).amr.includes('pwd');
}

/** The person who can sign in with this key alone. */
export function ownerOf(model: Model, key: Key): Person | undefined {
  const { person } = key;
  const isKept = model.people.includes(person) && person.factors.includes(key);
  return isKept && !isShutOut(model, person) && kindsFor(model, person).includes('passkey') ? person : undefined;
}
