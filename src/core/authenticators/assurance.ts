import { unreachable } from '#core/values/result.ts';

/** What counts as a second factor. */
export type SecondFactor = 'totp' | 'recovery_code';

/** The authentication methods (RFC 8176) that we report. */
export type Amr = 'pwd' | 'otp' | 'mfa';

/** What was proven, as an OpenID Connect context class; `phr` is defined in OpenID EAP ACR Values 1.0. */
export type Acr = 'urn:sallyport:acr:pwd' | 'urn:sallyport:acr:mfa' | 'phr';

/** From the weakest to the strongest. */
export const ACR_VALUES: readonly Acr[] = ['urn:sallyport:acr:pwd', 'urn:sallyport:acr:mfa', 'phr'];

/**
 * The methods of a sign-in with a password and, if there was one, a second factor.
 *
 * RFC 8176 has no name for a recovery code (`otp` is a one-time-password device).
 */
export function amrOf(factor: SecondFactor | undefined): readonly Amr[] {
  switch (factor) {
    case undefined:
      return ['pwd'];
    case 'totp':
      return ['pwd', 'otp', 'mfa'];
    case 'recovery_code':
      return ['pwd', 'mfa'];
    default:
      return unreachable(factor);
  }
}

/** The context class of these methods. */
export function acrOf(amr: readonly string[]): Acr {
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

/** The methods of a session after another proof in it; earlier ones stay. */
export function amrAfter(amr: readonly string[], method: SecondFactor | 'password'): readonly Amr[] {
  const all = new Set<string>([...amr, ...amrOf(method === 'password' ? undefined : method)]);
  return (['pwd', 'otp', 'mfa'] as const).filter((one) => all.has(one));
}
