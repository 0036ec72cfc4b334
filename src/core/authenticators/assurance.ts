import { unreachable } from '#core/values/result.ts';

/** What counts as a second factor. */
export type SecondFactor = 'totp' | 'recovery_code';

/** Authentication methods (RFC 8176) that we state. */
export type Amr = 'pwd' | 'otp' | 'mfa';

/** What was proven, as the context class of OpenID Connect; `phr` is of OpenID EAP ACR Values 1.0. */
export type Acr = 'urn:sallyport:acr:pwd' | 'urn:sallyport:acr:mfa' | 'phr';

/** From the weakest to the strongest. */
export const ACR_VALUES: readonly Acr[] = ['urn:sallyport:acr:pwd', 'urn:sallyport:acr:mfa', 'phr'];

/**
 * The methods of a sign-in by password and, if one was proven, a second factor.
 *
 * A recovery code is a second factor without a name of its own in RFC 8176 (`otp` is a one-time-password device).
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

/** The context class that these methods amount to. */
export function acrOf(amr: readonly string[]): Acr {
  return amr.includes('mfa') ? 'urn:sallyport:acr:mfa' : 'urn:sallyport:acr:pwd';
}

/** A class that we know, by what a client calls it. */
export function knownAcr(value: string): Acr | undefined {
  return ACR_VALUES.find((acr) => acr === value);
}

/** Whether `acr` is as good as `needed`, or better. */
export function isAtLeast(acr: Acr, needed: Acr): boolean {
  return ACR_VALUES.indexOf(acr) >= ACR_VALUES.indexOf(needed);
}

/** The methods of a session after another proof in it: nothing that was proven before is lost. */
export function amrAfter(amr: readonly string[], method: SecondFactor | 'password'): readonly Amr[] {
  const all = new Set<string>([...amr, ...amrOf(method === 'password' ? undefined : method)]);
  return (['pwd', 'otp', 'mfa'] as const).filter((one) => all.has(one));
}
