import { CHALLENGE_BYTES, CHALLENGE_SECONDS, relyingPartyId } from '#core/authenticators/passkeys/passkey.ts';
import {
  type Assertion,
  type Creation,
  challengeIn,
  type RelyingParty,
} from '#core/authenticators/passkeys/webauthn.ts';
import { refuse } from '#core/values/result.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import {
  type ChallengeBinding,
  consumeChallenge,
  createChallenge,
  evictChallenges,
} from '#store/authenticators/passkeys.ts';
import type { Queries } from '#store/engine/database.ts';

/** This service as a relying party; `undefined` where the public URL has an IP address, which browsers refuse. */
export function findRelyingParty({ publicUrl }: Env['config']): RelyingParty | undefined {
  const id = relyingPartyId(new URL(publicUrl.origin).hostname);
  return id === undefined ? undefined : { id, origin: publicUrl.origin };
}

export function relyingPartyOf(config: Env['config']) {
  return findRelyingParty(config) ?? refuse('forbidden', { reason: 'passkeys_unavailable' });
}

type NewChallenge = ChallengeBinding & { readonly userId?: string; readonly name?: string | undefined };

/** Two tabs of one person may wait at the same time; the oldest goes. */
const CHALLENGES_PER_OWNER = 5;

/** Makes a challenge that can be signed once; returns it as base64url. */
export async function makeChallenge(
  env: Env,
  tx: Queries,
  { purpose, owner_id, browser, userId, name }: NewChallenge,
): Promise<{ readonly id: string; readonly challenge: string; readonly expiresAt: number }> {
  const challenge = env.random(CHALLENGE_BYTES).toString('base64url');
  const [id, now] = [env.newId(), env.now()];
  const expiresAt = now + CHALLENGE_SECONDS;
  await createChallenge(tx, {
    id,
    challenge_hash: tokenHash(challenge),
    ...{ purpose, owner_id, browser },
    user_id: userId ?? null,
    name: name ?? null,
    created_at: now,
    expires_at: expiresAt,
  });
  if (owner_id !== null) await evictChallenges(tx, owner_id, CHALLENGES_PER_OWNER);
  return { id, challenge, expiresAt };
}

/** A challenge that can no longer be signed. */
type SpentChallenge = { readonly id: string; readonly challenge: string; readonly name: string | undefined };

/** Uses up the challenge that an answer was made for; `undefined` if it was used, is over, or was not made for this. */
export async function spendChallenge(
  env: Env,
  tx: Queries,
  answer: Creation | Assertion,
  binding: ChallengeBinding,
): Promise<SpentChallenge | undefined> {
  const challenge = challengeIn(answer);
  if (challenge === undefined) return undefined;
  const spent = await consumeChallenge(tx, binding, tokenHash(challenge), env.now());
  return spent && { id: spent.id, challenge, name: spent.name ?? undefined };
}
