import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Asked,
  errorOf,
  errorOfReturn,
  isSignInSince,
  type Known,
  type KnownSession,
  type NextStep,
  nextStep,
} from './authorization.ts';

const NOW = 1_800_000_000;
const MFA = 'urn:sallyport:acr:mfa';
const PWD = 'urn:sallyport:acr:pwd';

const SESSION: KnownSession = {
  userId: 'ana',
  isNew: false,
  authTime: NOW - 60,
  amr: ['pwd'],
  isTrusted: false,
  hasAuthenticator: true,
  hasPasskey: false,
  mayHavePasskey: true,
  mayUse: true,
};

function stepFor(asked: Partial<Asked>, session?: Partial<KnownSession>, known: Partial<Known> = {}): NextStep {
  return nextStep(
    { prompts: new Set(), maxAgeSeconds: undefined, acrValues: [], hintedSub: undefined, ...asked },
    {
      passkeysWork: true,
      isChosen: false,
      hasConsent: true,
      hasFreshConsent: false,
      session: session && { ...SESSION, ...session },
      ...known,
    },
    NOW,
  );
}

const prompt = (...values: string[]) => ({ prompts: new Set(values) });

test('asks nobody who is signed in for anything that was not asked', () => {
  assert.equal(stepFor({}, {}), 'done');
  assert.equal(stepFor({}), 'sign_in');
});

test('lets a proof be as old as `max_age` says, to the second', () => {
  assert.equal(stepFor({ maxAgeSeconds: 60 }, {}), 'done');
  assert.equal(stepFor({ maxAgeSeconds: 59 }, {}), 'sign_in_again');
  assert.equal(stepFor({ maxAgeSeconds: 59 }, { isNew: true }), 'done');
});

test('`prompt=login` is met by a sign-in after the request alone, however fresh the one before was', () => {
  assert.equal(stepFor(prompt('login'), { authTime: NOW }), 'sign_in_again');
  assert.equal(stepFor(prompt('login'), { isNew: true }), 'done');
  assert.equal(stepFor(prompt('login')), 'sign_in');
});

test('a session is new to a request when it is another one, and was made after it', () => {
  const isNew = (id: string, createdAt: number, sessionBefore?: string) =>
    isSignInSince({ id, createdAt }, { sessionBefore, createdAt: NOW });
  assert.ok(isNew('second', NOW, 'first'));
  assert.ok(isNew('first', NOW + 600));
  assert.ok(!isNew('first', NOW, 'first'));
  assert.ok(!isNew('first', NOW - 3_600), 'its cookie was left out when the request came');
  assert.ok(!isNew('first', NOW - 3_600, 'second'));
  assert.ok(isNew('first', NOW - 5), 'the clocks of two nodes');
});

test('`prompt=select_account` is met by a choice or by a sign-in after the request', () => {
  assert.equal(stepFor(prompt('select_account'), {}), 'choose_account');
  assert.equal(stepFor(prompt('select_account'), {}, { isChosen: true }), 'done');
  assert.equal(stepFor(prompt('select_account'), { isNew: true }), 'done');
  assert.equal(stepFor(prompt('select_account', 'login'), {}, { isChosen: true }), 'sign_in_again');
});

test('another person than the client expects has to sign in as that one', () => {
  assert.equal(stepFor({ hintedSub: 'ana' }, {}), 'done');
  assert.equal(stepFor({ hintedSub: 'ben' }, {}), 'sign_in_again');
  assert.equal(stepFor({ hintedSub: 'ben' }, { isNew: true }), 'sign_in_again');
  assert.equal(stepFor({ hintedSub: 'ben' }), 'sign_in');
});

test('asks for a second factor where one is asked for and none was proven: with what the person has, or by a set-up', () => {
  const asked = { acrValues: [MFA] };
  assert.equal(stepFor(asked, {}), 'step_up');
  assert.equal(stepFor(asked, { hasAuthenticator: false }), 'set_up');
  assert.equal(stepFor(asked, { amr: ['pwd', 'otp', 'mfa'] }), 'done');
  assert.equal(stepFor(asked, { amr: ['pwd', 'mfa'] }), 'done', 'a recovery code is a second factor');
});

test('a proof by the authenticator without `mfa` is no second factor', () => {
  assert.equal(stepFor({ acrValues: [MFA] }, { amr: ['pwd', 'otp'] }), 'step_up');
});

test('the least of the classes that are asked for will do, in any order', () => {
  assert.equal(stepFor({ acrValues: [MFA, PWD] }, {}), 'done');
  assert.equal(stepFor({ acrValues: [PWD, MFA] }, {}), 'done');
  assert.equal(stepFor({ acrValues: ['phr', MFA] }, {}), 'step_up');
});

test('skips classes that it does not know, and cannot meet a request of those alone, signed in or not', () => {
  assert.equal(stepFor({ acrValues: ['urn:example:gold', MFA] }, {}), 'step_up');
  assert.equal(stepFor({ acrValues: ['urn:example:gold'] }, {}), 'unmet');
  assert.equal(stepFor({ acrValues: ['urn:example:gold'] }), 'unmet');
  assert.equal(stepFor({ acrValues: ['phr'] }, undefined, { passkeysWork: false }), 'unmet');
});

test('who may not use the client is told before they prove or allow anything more', () => {
  const asked = { ...prompt('consent'), acrValues: [MFA] };
  assert.equal(stepFor(asked, { mayUse: false }, { hasConsent: false }), 'not_for_them');
  assert.equal(stepFor(prompt('select_account'), { mayUse: false }), 'choose_account', 'somebody else may');
});

test('consent comes last, once for each client, and once more for `prompt=consent`', () => {
  assert.equal(stepFor({}, {}, { hasConsent: false }), 'consent');
  assert.equal(stepFor({ acrValues: [MFA] }, {}, { hasConsent: false }), 'step_up');
  assert.equal(stepFor(prompt('consent'), {}), 'consent');
  assert.equal(stepFor(prompt('consent'), {}, { hasFreshConsent: true }), 'done');
});

test('names the error that a client gets instead of each question', () => {
  const errors = {
    sign_in: 'login_required',
    sign_in_again: 'login_required',
    choose_account: 'account_selection_required',
    consent: 'consent_required',
    not_for_them: 'access_denied',
    unmet: 'unmet_authentication_requirements',
    step_up: 'unmet_authentication_requirements',
    set_up: 'unmet_authentication_requirements',
  } as const;
  for (const [step, error] of Object.entries(errors)) {
    assert.equal(errorOf(step as keyof typeof errors), error);
  }
});

test('tells the client of a person who went back whether it was for what it asked', () => {
  const asked = { acrValues: [MFA] };
  for (const step of ['sign_in', 'sign_in_again', 'step_up', 'set_up', 'unmet'] as const) {
    assert.equal(errorOfReturn(step, asked), 'unmet_authentication_requirements', step);
    assert.equal(errorOfReturn(step, { acrValues: [] }), 'access_denied', step);
  }
  for (const step of ['consent', 'not_for_them', 'choose_account', 'done'] as const) {
    assert.equal(errorOfReturn(step, asked), 'access_denied', step);
  }
});

test('phr takes a passkey: one that the person has, or a new one, where the policy allows any', () => {
  const asked = { acrValues: ['phr'] };
  assert.equal(stepFor(asked), 'sign_in');
  assert.equal(stepFor(asked, { amr: ['pwd', 'otp', 'mfa'], hasPasskey: true }), 'step_up_passkey');
  assert.equal(stepFor(asked, { amr: ['pwd', 'otp', 'mfa'] }), 'set_up_passkey');
  assert.equal(stepFor(asked, { mayHavePasskey: false }), 'unmet');
  assert.equal(stepFor(asked, { amr: ['pwd', 'swk', 'mfa'], hasPasskey: true }), 'done');
});
