import { type Acr, acrOf, isAtLeast, knownAcr } from '#core/authenticators/assurance.ts';

/** What an authorization request requires beyond a session (OpenID Connect Core §3.1.2.1). */
export type Asked = {
  readonly prompts: ReadonlySet<string>;
  /** Seconds; absent if any age is accepted. */
  readonly maxAgeSeconds: number | undefined;
  /** Any of these is enough; empty: nothing is required. Order is ignored: a stronger one is always accepted. */
  readonly acrValues: readonly string[];
  /** The person whom the client expects, from an ID token that it sent. */
  readonly hintedSub: string | undefined;
};

/** What is known about the person in this browser when the request is handled. */
export type Known = {
  /** Whether passkeys work at the address of this service. */
  readonly passkeysWork: boolean;
  readonly session: KnownSession | undefined;
  /** They chose to continue as the person who is signed in. */
  readonly isChosen: boolean;
  readonly hasConsent: boolean;
  /** They consented after the request arrived. */
  readonly hasFreshConsent: boolean;
};

export type KnownSession = {
  readonly userId: string;
  /** Created by a sign-in after the request arrived. */
  readonly isNew: boolean;
  readonly authTime: number;
  readonly amr: readonly string[];
  /** A trusted device stood in for the second factor, which was not proven since. */
  readonly isTrusted: boolean;
  readonly hasAuthenticator: boolean;
  readonly hasPasskey: boolean;
  /** Whether the policy lets them set one up. */
  readonly mayHavePasskey: boolean;
  /** Whether the client is for this person's partner. */
  readonly mayUse: boolean;
};

export type NextStep =
  | 'sign_in'
  | 'sign_in_again'
  | 'choose_account'
  | 'step_up'
  | 'prove_again'
  | 'set_up'
  | 'step_up_passkey'
  | 'set_up_passkey'
  | 'consent'
  | 'not_for_them'
  | 'unmet'
  | 'done';

/** The largest difference between the clocks of one service; `/readyz` allows this much. */
const CLOCKS_APART_SECONDS = 5;

/**
 * Whether a person has signed in since a request arrived: the session is another one, and newer than the request.
 *
 * The time is needed too: a request without a session cookie records no session, so the session could be of any age.
 */
export function isSignInSince(
  session: { readonly id: string; readonly createdAt: number },
  request: { readonly sessionBefore: string | undefined; readonly createdAt: number },
): boolean {
  return session.id !== request.sessionBefore && session.createdAt + CLOCKS_APART_SECONDS >= request.createdAt;
}

/** The next step for the person, or `done`. Called again after each step; it always reaches an end. */
export function nextStep(asked: Asked, known: Known, now: number): NextStep {
  const needed = neededAcr(asked.acrValues, known.passkeysWork);
  if (needed === 'unmet') return 'unmet';
  const { session } = known;
  if (session === undefined) return 'sign_in';
  if (asked.hintedSub !== undefined && asked.hintedSub !== session.userId) return 'sign_in_again';
  if (mustSignInAgain(asked, session, now)) return 'sign_in_again';
  if (asked.prompts.has('select_account') && !known.isChosen && !session.isNew) return 'choose_account';
  if (!session.mayUse) return 'not_for_them';
  if (needed !== undefined && !isAtLeast(acrOf(session.amr), needed)) {
    return needed === 'phr' ? passkeyStep(session) : session.hasAuthenticator ? 'step_up' : 'set_up';
  }
  if (session.isTrusted && asksForEveryFactor(asked)) return 'prove_again';
  return asked.prompts.has('consent') ? consentStep(known.hasFreshConsent) : consentStep(known.hasConsent);
}

function passkeyStep({ hasPasskey, mayHavePasskey }: KnownSession): NextStep {
  if (!mayHavePasskey) return 'unmet';
  return hasPasskey ? 'step_up_passkey' : 'set_up_passkey';
}

/**
 * A client that asks how fresh the proof is gets every factor. On a trusted device a new sign-in skips the second one,
 * so the step-up asks for it.
 */
function asksForEveryFactor({ prompts, maxAgeSeconds }: Asked): boolean {
  return prompts.has('login') || maxAgeSeconds !== undefined;
}

/** Whether the request needs a second factor that a trusted device cannot replace. */
export function isAskedForProof(asked: Asked): boolean {
  const needed = neededAcr(asked.acrValues, true);
  const isAboveIt = needed !== undefined && (needed === 'unmet' || !isAtLeast('urn:sallyport:acr:pwd', needed));
  return isAboveIt || asksForEveryFactor(asked);
}

function consentStep(isThere: boolean): NextStep {
  return isThere ? 'done' : 'consent';
}

/** `prompt=login` and an exceeded age require every factor, so only a sign-in begun after the request is enough. */
function mustSignInAgain({ prompts, maxAgeSeconds }: Asked, session: KnownSession, now: number): boolean {
  if (session.isNew) return false;
  if (prompts.has('login')) return true;
  return maxAgeSeconds !== undefined && now - session.authTime > maxAgeSeconds;
}

/** The weakest class that is enough. Unknown values are skipped; if all are unknown, the request cannot be met. */
function neededAcr(values: readonly string[], passkeysWork: boolean): Acr | 'unmet' | undefined {
  if (values.length === 0) return undefined;
  const known = values.map(knownAcr).filter((acr) => acr !== undefined);
  const reachable = known.filter((acr) => passkeysWork || acr !== 'phr');
  if (reachable.length === 0) return 'unmet';
  return reachable.reduce((least, acr) => (isAtLeast(least, acr) ? acr : least));
}

/** The error for a client if the person returns: the requirement was not met, or they did not want to continue. */
export function errorOfReturn(step: NextStep, { acrValues }: Pick<Asked, 'acrValues'>) {
  const isUnwanted = step === 'consent' || step === 'not_for_them' || step === 'choose_account' || step === 'done';
  return isUnwanted || acrValues.length === 0 ? 'access_denied' : 'unmet_authentication_requirements';
}

/** The error for a client instead of a page for the person (OpenID Connect Core §3.1.2.6; `unmet_…`: own document). */
export function errorOf(step: Exclude<NextStep, 'done'>) {
  switch (step) {
    case 'sign_in':
    case 'sign_in_again':
    case 'prove_again':
      return 'login_required';
    case 'choose_account':
      return 'account_selection_required';
    case 'consent':
      return 'consent_required';
    case 'not_for_them':
      return 'access_denied';
    case 'step_up':
    case 'set_up':
    case 'step_up_passkey':
    case 'set_up_passkey':
    case 'unmet':
      return 'unmet_authentication_requirements';
  }
}
