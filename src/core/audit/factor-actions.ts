import type { RefusalCode } from '#core/values/result.ts';
import {
  type AuthenticatorDetail,
  type RefusedCode,
  type RefusedPasskey,
  refusal,
  success,
  type TrustEnded,
  type TrustedDeviceDetail,
} from './values.ts';

type Nothing = Record<string, never>;

/** The actions about authenticators, recovery codes and trusted devices; part of `AUDIT_ACTIONS`. */
export const FACTOR_ACTIONS = {
  'enrollment.started': success<Nothing>('A secret was shown to be confirmed.'),
  'enrollment.skipped': success<{ deadlineAt?: number | undefined }>(
    'The person chose “Not now” where that is allowed.',
  ),
  'enrollment.code_refused': refusal<RefusedCode>('A confirmation code was refused.'),
  'totp.enrolled': success<AuthenticatorDetail>('An authenticator app was confirmed and is active; others stay.'),
  'totp.replaced': success<AuthenticatorDetail>('A new authenticator app replaced the old one.'),
  'totp.removed': success<AuthenticatorDetail>('An authenticator app was removed by its user.'),
  'authenticator.renamed': success<AuthenticatorDetail>('An authenticator got another name.'),
  'enrollment.passkey_refused': refusal<RefusedPasskey>('The answer of a new passkey was refused at its set-up.'),
  'passkey.enrolled': success<AuthenticatorDetail & { synced: boolean }>(
    'A passkey was added; other authenticators stay.',
  ),
  'passkey.removed': success<AuthenticatorDetail>('A passkey was removed by its user.'),
  'passkey.counter_went_back': refusal<AuthenticatorDetail & { accepted: boolean }>(
    'The signature counter of a passkey went back: its key may have been copied. Refused for a key bound to its device.',
  ),
  'totp.undecryptable': refusal<AuthenticatorDetail>(
    'A stored secret did not open with the key ring: a lost key, or a row that was swapped. Look at it at once.',
  ),
  'recovery_code.used': success<{ remaining: number }>('A recovery code was used up.'),
  'recovery_code.refused': refusal<{ reason: RefusalCode }>('A recovery code was refused.'),
  'recovery_codes.created': success<{ count?: number | undefined }>(
    'A new set of recovery codes replaced any set before it.',
  ),
  'recovery_codes.acknowledged': success<Nothing>('The person pressed Done; the readable copy was erased.'),
  'trusted_device.created': success<TrustedDeviceDetail>(
    'A person who had proven a second factor trusted a device: for 30 days it asks for the password alone.',
  ),
  'trusted_device.used': success<TrustedDeviceDetail>(
    'A trusted device stood in for the second factor of a sign-in, and got a new secret.',
  ),
  'trusted_device.reused': refusal<TrustedDeviceDetail>(
    'A secret that was replaced came again, after the right password: its trusted device ended.',
  ),
  'trusted_device.ended': success<TrustEnded>(
    'Trusted devices of a person or of a partner ended, with the sessions that they had opened.',
  ),
  'access_code.created': success<{ expiresAt: number }>(
    'A temporary access code was made: the next set-up of this person asks for it.',
  ),
  'access_code.accepted': success<Nothing>('A temporary access code was used up.'),
  'access_code.refused': refusal<{ reason: RefusalCode }>('A temporary access code was refused.'),
} as const;
