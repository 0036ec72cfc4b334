import { unreachable } from '#core/values/result.ts';

/** What counts as a second factor. */
export type SecondFactor = 'totp' | 'recovery_code' | 'passkey';

/** What a step-up can be proven with. */
export type StepUpMethod = SecondFactor | 'password';

/** The authentication methods (RFC 8176) that we report. */
export type Amr = 'pwd' | 'otp' | 'hwk' | 'swk' | 'user' | 'mfa';

/** What one use of a passkey showed. */
export type PasskeyUse = {
  readonly kind: 'passkey';
  /** Whether its key can be copied to other devices: then RFC 8176 calls it software-secured (`swk`). */
  readonly isSynced: boolean;
  /** Whether the device checked who holds it, by PIN or biometrics. */
  readonly userVerified: boolean;
  /** Whether it was the whole sign-in. Then it must be `userVerified`, which makes it two factors. */
  readonly isAlone: boolean;
};

/** A proven second factor. Only a passkey has more to tell than its name. */
export type ProvenFactor = Exclude<SecondFactor, 'passkey'> | PasskeyUse;

/** What was proven, as an OpenID Connect context class; `phr` is defined in OpenID EAP ACR Values 1.0. */
export type Acr = 'urn:sallyport:acr:pwd' | 'urn:sallyport:acr:mfa' | 'phr';

/** From the weakest to the strongest. */
export const ACR_VALUES: readonly Acr[] = ['urn:sallyport:acr:pwd', 'urn:sallyport:acr:mfa', 'phr'];

/** In the order in which we report them. */
const AMR_VALUES: readonly Amr[] = ['pwd', 'otp', 'hwk', 'swk', 'user', 'mfa'];

export function factorName(factor: ProvenFactor): SecondFactor {
  return typeof factor === 'string' ? factor : factor.kind;
}

/**
 * The methods of a sign-in: the password, unless a passkey was the whole sign-in, and the second factor, if there was one.
 *
 * RFC 8176 has no name for a recovery code (`otp` is a one-time-password device).
 */
export function amrOf(factor: ProvenFactor | undefined): readonly Amr[] {
  switch (factor) {
    case undefined:
      return ['pwd'];
    case 'totp':
      return ['pwd', 'otp', 'mfa'];
    case 'recovery_code':
      return ['pwd', 'mfa'];
    default:
      return amrOfPasskey(factor);
  }
}

function amrOfPasskey({ isSynced, userVerified, isAlone }: PasskeyUse): readonly Amr[] {
  const shown = new Set<Amr>([isSynced ? 'swk' : 'hwk', 'mfa']);
  if (userVerified) shown.add('user');
  if (!isAlone) shown.add('pwd');
  return inOrder(shown);
}

/** The context class of these methods. Of all of them only a passkey resists phishing. */
export function acrOf(amr: readonly string[]): Acr {
  if (amr.includes('hwk') || amr.includes('swk')) return 'phr';
  return amr.includes('mfa') ? 'urn:sallyport:acr:mfa' : 'urn:sallyport:acr:pwd';
}

/** The class with this name, if we know it. */
export function knownAcr(value: string): Acr | undefined {
  return ACR_VALUES.find((acr) => acr === value);
}

/** Whether `acr` is at least as strong as `needed`. */
export function isAtLeast(acr: Acr, needed: Acr): boolean {
  return ACR_VALUES.indexOf(acr) >= ACR_VALUES.indexOf(needed);
}

/**
 * The methods of a session after another proof in it; earlier ones stay. A code needs no password with it: a session
 * that a passkey alone began has no `pwd` afterwards either.
 */
export function amrAfter(amr: readonly string[], proven: ProvenFactor | 'password'): readonly Amr[] {
  const all = new Set<string>([...amr, ...addedBy(proven)]);
  return inOrder(all);
}

function addedBy(proven: ProvenFactor | 'password'): readonly Amr[] {
  switch (proven) {
    case 'password':
      return ['pwd'];
    case 'totp':
      return ['otp', 'mfa'];
    case 'recovery_code':
      return ['mfa'];
    default:
      return typeof proven === 'object' ? amrOfPasskey({ ...proven, isAlone: true }) : unreachable(proven);
  }
}

function inOrder(methods: ReadonlySet<string>): readonly Amr[] {
  return AMR_VALUES.filter((one) => methods.has(one));
}
