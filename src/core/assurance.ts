import { unreachable } from './result.ts';

/** What can open the second door. */
export type SecondFactor = 'totp' | 'recovery_code';

/** Authentication methods (RFC 8176) that we state. */
export type Amr = 'pwd' | 'otp' | 'mfa';

/** Authenticator assurance level (SP 800-63B), as the context class of OpenID Connect. */
export type Acr = 'aal1' | 'aal2';

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

/** The assurance level that these methods amount to. */
export function acrOf(amr: readonly string[]): Acr {
  return amr.includes('mfa') ? 'aal2' : 'aal1';
}

/** The authentication context class that programs read: `phr` is of OpenID EAP ACR Values 1.0. */
export function contextClassOf(amr: readonly string[]): string {
  if (amr.includes('hwk') || amr.includes('swk')) return 'phr';
  return amr.includes('mfa') ? 'urn:sallyport:acr:mfa' : 'urn:sallyport:acr:pwd';
}
