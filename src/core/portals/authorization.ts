import { type Acr, acrOf, isAtLeast, knownAcr } from '#core/authenticators/assurance.ts';

/** What an authorization request asks of the person, beyond a session (OpenID Connect Core §3.1.2.1). */
export type Asked = {
  readonly prompts: ReadonlySet<string>;
  /** Seconds; absent where any age will do. */
  readonly maxAgeSeconds: number | undefined;
  /** Any of these will do; empty where nothing was asked. The order of preference says nothing to us: more is always good. */
  readonly acrValues: readonly string[];
  /** The person whom the client expects, by an ID token that it holds. */
  readonly hintedSub: string | undefined;
};

/** What is known of the person in this browser when the request is looked at. */
export type Known = {
  readonly session: KnownSession | undefined;
  /** They said that they go on as who is signed in. */
  readonly isChosen: boolean;
  readonly hasConsent: boolean;
  /** They consented since the request came. */
  readonly hasFreshConsent: boolean;
};

export type KnownSession = {
  readonly userId: string;
  /** Made by a sign-in after the request came. */
  readonly isNew: boolean;
  readonly authTime: number;
  readonly amr: readonly string[];
  readonly hasAuthenticator: boolean;
  /** Of a partner that the client is for. */
  readonly mayUse: boolean;
};

export type NextStep =
  | 'sign_in'
  | 'sign_in_again'
  | 'choose_account'
  | 'step_up'
  | 'set_up'
  | 'consent'
  | 'not_for_them'
  | 'unmet'
  | 'done';

/** The clocks of one service are so far apart at most: `/readyz` allows it. */
const CLOCKS_APART_SECONDS = 5;

/**
 * Whether somebody has signed in since a request came: to another session than its browser had, made after it.
 *
 * The time counts too: a request that was sent without the cookie of a session knows of none, and the session can be as
 * old as it likes.
 */
export function isSignInSince(
  session: { readonly id: string; readonly createdAt: number },
  request: { readonly sessionBefore: string | undefined; readonly createdAt: number },
): boolean {
  return session.id !== request.sessionBefore && session.createdAt + CLOCKS_APART_SECONDS >= request.createdAt;
}

/** The next thing to ask of the person, or `done`; asked again after each, it comes to an end. */
export function nextStep(asked: Asked, known: Known, now: number): NextStep {
  const needed = neededAcr(asked.acrValues);
  if (needed === 'unmet') return 'unmet';
  const { session } = known;
  if (session === undefined) return 'sign_in';
  if (asked.hintedSub !== undefined && asked.hintedSub !== session.userId) return 'sign_in_again';
  if (mustSignInAgain(asked, session, now)) return 'sign_in_again';
  if (asked.prompts.has('select_account') && !known.isChosen && !session.isNew) return 'choose_account';
  if (!session.mayUse) return 'not_for_them';
  if (needed !== undefined && !isAtLeast(acrOf(session.amr), needed)) {
    return session.hasAuthenticator ? 'step_up' : 'set_up';
  }
  return asked.prompts.has('consent') ? consentStep(known.hasFreshConsent) : consentStep(known.hasConsent);
}

function consentStep(isThere: boolean): NextStep {
  return isThere ? 'done' : 'consent';
}

/** `prompt=login` and an age that is exceeded ask for every factor: only a sign-in that began after the request will do. */
function mustSignInAgain({ prompts, maxAgeSeconds }: Asked, session: KnownSession, now: number): boolean {
  if (session.isNew) return false;
  if (prompts.has('login')) return true;
  return maxAgeSeconds !== undefined && now - session.authTime > maxAgeSeconds;
}

/** The least that will do. Values that we do not know are skipped; where none is known, nothing will do. */
function neededAcr(values: readonly string[]): Acr | 'unmet' | undefined {
  if (values.length === 0) return undefined;
  const known = values.map(knownAcr).filter((acr) => acr !== undefined);
  const reachable = known.filter((acr) => acr !== 'phr');
  if (reachable.length === 0) return 'unmet';
  return reachable.reduce((least, acr) => (isAtLeast(least, acr) ? acr : least));
}

/** The error for a client to which a person went back: what it asked for was not met, or they did not want to. */
export function errorOfReturn(step: NextStep, { acrValues }: Pick<Asked, 'acrValues'>) {
  const isUnwanted = step === 'consent' || step === 'not_for_them' || step === 'choose_account' || step === 'done';
  return isUnwanted || acrValues.length === 0 ? 'access_denied' : 'unmet_authentication_requirements';
}

/** The error that a client gets instead of a question to the person (OpenID Connect Core §3.1.2.6, unmet: its own document). */
export function errorOf(step: Exclude<NextStep, 'done'>) {
  switch (step) {
    case 'sign_in':
    case 'sign_in_again':
      return 'login_required';
    case 'choose_account':
      return 'account_selection_required';
    case 'consent':
      return 'consent_required';
    case 'not_for_them':
      return 'access_denied';
    case 'step_up':
    case 'set_up':
    case 'unmet':
      return 'unmet_authentication_requirements';
  }
}
