import { userHandleOf } from '#crypto/passkeys.ts';
import type { Env } from '#env.ts';
import { findRelyingParty } from '#flows/authenticators/passkey-challenge.ts';
import type { PersonFactors } from '#store/authenticators/authenticators.ts';
import type { Session } from '#store/sessions/sessions.ts';

/**
 * What a browser may know about the passkeys of a signed-in person: those that work. It then offers no removed ones.
 * Nobody else may know it, because it says whether a person has passkeys.
 */
export function signalFor({ config }: Env, { user }: Session, factors: PersonFactors | undefined) {
  const rp = findRelyingParty(config);
  if (rp === undefined) return undefined;
  const ids = factors?.passkeys.map(({ credentialId }) => credentialId) ?? [];
  const name = 'allAcceptedCredentials' as const;
  return { signalName: name, rpID: rp.id, userID: userHandleOf(user.id), allAcceptedCredentialIDs: ids };
}
