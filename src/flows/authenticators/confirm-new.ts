import type { Creation } from '#core/authenticators/passkeys/webauthn.ts';
import type { Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { checkKind } from './allowed-kinds.ts';
import { confirmPasskey } from './enroll-passkey.ts';
import { confirmEnrollment, type Enrollee, type Opening } from './enrollment.ts';

/** What confirms a new authenticator. */
export type Confirmation =
  | { readonly kind: 'totp'; readonly code: string }
  | { readonly kind: 'passkey'; readonly creation: Creation; readonly id?: string };

/** Confirms a new authenticator of either kind, once, with what follows from it. */
export function confirmNew<Drawn, T>(
  env: Env,
  enrollee: Enrollee,
  by: Confirmation,
  opening: Opening<Drawn, T>,
): Promise<T | Refusal> {
  const allowed: Opening<Drawn, T> = {
    ...opening,
    // The policy may have changed since the set-up began.
    place: async (tx) => (await checkKind(env, tx, enrollee.user.id, by.kind)) ?? opening.place(tx),
  };
  return by.kind === 'totp'
    ? confirmEnrollment(env, enrollee, by.code, allowed)
    : confirmPasskey(env, enrollee, by, allowed);
}
