import {
  type RequestOptions,
  requestOptions,
  type UserVerification,
  userHandleOf,
} from '#core/authenticators/passkeys/webauthn.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import type { Passkey, PersonFactors } from '#store/authenticators/authenticators.ts';
import type { ChallengeBinding } from '#store/authenticators/passkeys.ts';
import type { Queries } from '#store/engine/database.ts';
import { findRelyingParty, makeChallenge, relyingPartyOf } from './passkey-challenge.ts';

type Asked = {
  readonly binding: ChallengeBinding;
  /** Absent for a sign-in with a passkey alone: then any passkey of this service fits. */
  readonly person?: { readonly id: string; readonly factors: PersonFactors };
  readonly userVerification: UserVerification;
};

/** What a browser needs to use a passkey: a new challenge, and the passkeys of the person. */
export async function askForPasskey(env: Env, tx: Queries, asked: Asked): Promise<RequestOptions | Refusal> {
  const rp = relyingPartyOf(env.config);
  if (isRefusal(rp)) return rp;
  const { binding, person, userVerification } = asked;
  const { challenge } = await makeChallenge(env, tx, { ...binding, ...(person && { userId: person.id }) });
  return requestOptions(rp, challenge, (person?.factors.passkeys ?? []).map(knownOf), userVerification);
}

/**
 * What the browser of a signed-in person may know: which of their passkeys work (WebAuthn §5.1.10). It then offers no
 * removed ones. Nobody else may know it, because it says whether a person has passkeys.
 */
export function acceptedPasskeys({ config }: Pick<Env, 'config'>, userId: string, factors: PersonFactors | undefined) {
  const rp = findRelyingParty(config);
  if (rp === undefined) return undefined;
  const ids = factors?.passkeys.map(({ credentialId }) => credentialId) ?? [];
  const signalName = 'allAcceptedCredentials' as const;
  return { signalName, rpID: rp.id, userID: userHandleOf(userId), allAcceptedCredentialIDs: ids };
}

function knownOf({ credentialId, transports }: Passkey) {
  return { id: credentialId, transports };
}
