type Counted = { readonly action: string; readonly reason: string };

export type Proof = 'app' | 'recovery' | 'passkey' | 'password' | 'other';

/** The second factor that completed a sign-in, by its methods (RFC 8176). `undefined` for any other event. */
export function proofOf({ action, reason }: Counted): Proof | undefined {
  if (action !== 'sign_in.completed') return undefined;
  const methods = reason.split(' ');
  if (methods.includes('otp')) return 'app';
  if (methods.includes('hwk') || methods.includes('swk') || methods.includes('pop')) return 'passkey';
  // A recovery code has no method of its own in RFC 8176.
  if (methods.includes('mfa')) return 'recovery';
  return reason === 'pwd' ? 'password' : 'other';
}

export type Why =
  | 'password'
  | 'email'
  | 'disabled'
  | 'many'
  | 'code'
  | 'expired'
  | 'used'
  | 'paused'
  | 'recovery'
  | 'access'
  | 'other';

const WHY: Readonly<Record<string, Why>> = {
  wrong_password: 'password',
  unknown_email: 'email',
  no_password: 'disabled',
  disabled: 'disabled',
  too_many_attempts: 'many',
  code_incorrect: 'code',
  code_expired: 'expired',
  code_already_used: 'used',
  authenticator_paused: 'paused',
  authenticator_disabled: 'paused',
  recovery_code_incorrect: 'recovery',
  recovery_code_already_used: 'recovery',
};

/** Why a sign-in was refused, in a few words. `undefined` for an event that is no refusal. */
export function whyOf({ action, reason }: Counted): Why | undefined {
  if (action === 'sign_in.completed') return undefined;
  if (action === 'access_code.refused') return 'access';
  return WHY[reason] ?? 'other';
}
