import assert from 'node:assert/strict';
import { creationOptions, type RequestOptions, requestOptions } from '#core/authenticators/passkeys/webauthn.ts';
import type { Env } from '#env.ts';
import { makeChallenge, relyingPartyOf } from '#flows/authenticators/passkey-challenge.ts';
import { type ChallengeBinding, createPasskey } from '#store/authenticators/passkeys.ts';
import type { Authenticator } from '../../authenticator/create.ts';

type Owner = { readonly id: string; readonly email: string };

/**
 * Gives a person a passkey of this device without a ceremony over HTTP. Answers the id of the authenticator.
 *
 * @param budget of the authenticators that the person has
 */
export async function storePasskey(
  env: Env,
  user: Owner,
  device: Authenticator,
  slot = 1,
  budget?: string,
): Promise<string> {
  const rp = relyingPartyOf(env.config);
  assert(!('refused' in rp));
  const challenge = env.random(32).toString('base64url');
  const creation = device.register(
    creationOptions({ id: rp.id, name: 'Portal' }, { ...user, name: user.email }, challenge, []),
  );
  const made = await env.passkeys.verifyCreation(rp, creation, challenge, 'preferred');
  assert(!('fault' in made), JSON.stringify(made));
  const id = env.newId();
  const now = env.now();
  const authenticator = {
    ...{ id, user_id: user.id, kind: 'passkey' as const, slot, budget_id: budget ?? null, name: null },
    ...{ sealed_secret: null, last_used_step: null, last_refusal: null, created_at: now, last_used_at: null },
  };
  const passkey = {
    ...{ id, user_id: user.id, credential_id: made.credentialId, counter: made.counter, aaguid: made.aaguid },
    sealed_key: env.keys.seal('passkey', { table: 'passkeys', rowId: id, userId: user.id }, made.publicKey),
    ...{ transports: made.transports.join(' '), synced: made.isSynced ? 1 : 0, backed_up: made.isBackedUp ? 1 : 0 },
  };
  assert(await env.db.transaction((tx) => createPasskey(tx, authenticator, passkey)));
  return id;
}

/** A challenge as the service makes one, and what a browser gets with it. */
export async function storedOptions(
  env: Env,
  { userId, ...binding }: ChallengeBinding & { readonly userId?: string },
): Promise<RequestOptions & { readonly id: string }> {
  const rp = relyingPartyOf(env.config);
  assert(!('refused' in rp));
  const made = await env.db.transaction((tx) => makeChallenge(env, tx, { ...binding, ...(userId && { userId }) }));
  return { id: made.id, ...requestOptions(rp, made.challenge, [], 'required') };
}
