import { isRefusal, type Refusal } from '#core/values/result.ts';
import { type RequestOptions, requestOptions, type UserVerification } from '#crypto/passkeys.ts';
import type { Env } from '#env.ts';
import type { Passkey, PersonFactors } from '#store/authenticators/authenticators.ts';
import type { ChallengeBinding } from '#store/authenticators/passkeys.ts';
import type { Queries } from '#store/engine/database.ts';
import { makeChallenge, relyingPartyOf } from './passkey-challenge.ts';

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

function knownOf({ credentialId, transports }: Passkey) {
  return { id: credentialId, transports };
}
