import {
  type Creation,
  type CreationOptions,
  challengeIn,
  creationOptions,
  type PasskeyFault,
} from '#core/authenticators/passkeys/webauthn.ts';
import { attemptCounter } from '#core/limits/counter-kinds.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { CreatedPasskey } from '#crypto/passkeys.ts';
import type { Env } from '#env.ts';
import { setUpTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { deleteAccessCode } from '#store/authenticators/access-codes.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import { deleteEnrollments } from '#store/authenticators/enrollments.ts';
import { type ChallengeBinding, createPasskey } from '#store/authenticators/passkeys.ts';
import type { Queries } from '#store/engine/database.ts';
import { reserveTries } from '#store/limits/attempts.ts';
import { needsAccessCode } from './access-code.ts';
import { checkKind } from './allowed-kinds.ts';
import type { Enrollee, Opening } from './enrollment.ts';
import { makeChallenge, relyingPartyOf, spendChallenge } from './passkey-challenge.ts';
import type { Place } from './places.ts';

/** What a browser needs to create a passkey. The id is that of the passkey to be. */
export type StartedPasskey = { readonly id: string; readonly options: CreationOptions; readonly expiresAt: number };

/** Begins the set-up of a passkey, for this pending sign-in or session and this browser only. */
export async function startPasskey(
  env: Env,
  enrollee: Enrollee,
  name: string | undefined,
): Promise<StartedPasskey | Refusal> {
  const rp = relyingPartyOf(env.config);
  if (isRefusal(rp)) return rp;
  const { user, ownerId, client } = enrollee;
  const started = await setUpTransaction(env, enrollee.authority, async (tx) => {
    if (await needsAccessCode(tx, user.id, ownerId)) return refuse('access_code_required');
    const refusal = await checkKind(env, tx, user.id, 'passkey');
    if (refusal) return refusal;
    const limit = await reserveTries(tx, [attemptCounter('set-up', user.id)], env.now());
    if (isRefusal(limit)) return limit;
    const challenge = await makeChallenge(env, tx, { ...bindingOf(enrollee), userId: user.id, name });
    const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
    await appendEvent(env, tx, { action: 'enrollment.started', ...whose, detail: {} }, client);
    return { ...challenge, existing: (await factorsOf(tx, user.id))?.passkeys ?? [] };
  });
  if (isRefusal(started)) return started;
  const { id, challenge, expiresAt, existing } = started;
  const known = existing.map(({ credentialId, transports }) => ({ id: credentialId, transports }));
  return { id, options: creationOptions({ id: rp.id, name: env.brand().issuer }, user, challenge, known), expiresAt };
}

/**
 * Confirms a new passkey, once. There is nothing to guess in its answer, so it is checked before the challenge is used
 * up: an answer that failed uses it up, and one that a full hash queue turned away can be sent again.
 *
 * @param id of the set-up, where the caller names it
 */
export async function confirmPasskey<Drawn, T>(
  env: Env,
  enrollee: Enrollee,
  { creation, id }: { readonly creation: Creation; readonly id?: string },
  { place, draw, open }: Opening<Drawn, T>,
): Promise<T | Refusal> {
  const created = await verify(env, enrollee, creation);
  if (isRefusal(created)) return created;
  const model = await env.passkeys.modelName(created.aaguid);
  const drawn = await draw();
  if (isRefusal(drawn)) return drawn;
  const { user, ownerId } = enrollee;
  const outcome = await setUpTransaction(env, enrollee.authority, async (tx) => {
    const spent = await spendChallenge(env, tx, creation, bindingOf(enrollee));
    if (!spent || (id !== undefined && spent.id !== id)) return refuse('challenge_expired');
    // If staff made an access code after the set-up began, the person must enter that code first.
    if (await needsAccessCode(tx, user.id, ownerId)) return refuse('challenge_expired');
    const placed = await place(tx);
    if (isRefusal(placed)) return placed;
    const result = await open(tx, { drawn, ...enrolledBy(spent.id, created) });
    if (isRefusal(result)) return result;
    const named = { ...placed, authenticatorId: spent.id, name: spent.name ?? model };
    return (await create(env, tx, user.id, created, named)) ? result : refuse('passkey_refused');
  });
  // Somebody has a passkey with this credential id.
  return isRefusal(outcome) && outcome.refused === 'passkey_refused'
    ? reject(env, enrollee, creation, 'duplicate')
    : outcome;
}

function enrolledBy(authenticatorId: string, { isSynced, userVerified }: CreatedPasskey) {
  const event = { action: 'passkey.enrolled', detail: { authenticatorId, synced: isSynced } } as const;
  const factor = { kind: 'passkey', isSynced, userVerified, isAlone: false } as const;
  return { event, factor };
}

async function verify(env: Env, enrollee: Enrollee, creation: Creation): Promise<CreatedPasskey | Refusal> {
  const rp = relyingPartyOf(env.config);
  if (isRefusal(rp)) return rp;
  const challenge = challengeIn(creation);
  if (challenge === undefined) return refuse('challenge_expired');
  const created = await env.passkeys.verifyCreation(rp, creation, challenge, 'preferred');
  return 'fault' in created ? reject(env, enrollee, creation, created.fault) : created;
}

/** A failed answer uses its challenge up. Only an answer with a live challenge is an event, so they are as few as those. */
async function reject(env: Env, enrollee: Enrollee, creation: Creation, fault: PasskeyFault): Promise<Refusal> {
  const { user, client } = enrollee;
  return env.db.transaction(async (tx) => {
    if (!(await spendChallenge(env, tx, creation, bindingOf(enrollee)))) return refuse('challenge_expired');
    const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
    const detail = { reason: 'passkey_refused', fault } as const;
    await appendEvent(env, tx, { action: 'enrollment.passkey_refused', ...whose, detail }, client);
    return refuse('passkey_refused');
  });
}

type Named = Place & { readonly authenticatorId: string };

async function create(
  env: Env,
  tx: Queries,
  userId: string,
  created: CreatedPasskey,
  { authenticatorId: id, slot, budgetId, name }: Named,
): Promise<boolean> {
  const now = env.now();
  await deleteEnrollments(tx, userId);
  await deleteAccessCode(tx, userId);
  const authenticator = {
    ...{ id, user_id: userId, kind: 'passkey' as const, slot, budget_id: budgetId ?? null, name: name ?? null },
    ...{ sealed_secret: null, last_used_step: null, last_refusal: null },
    created_at: now,
    last_used_at: now,
  };
  return createPasskey(tx, authenticator, {
    id,
    user_id: userId,
    credential_id: created.credentialId,
    sealed_key: env.keys.seal('passkey', { table: 'passkeys', rowId: id, userId }, created.publicKey),
    counter: created.counter,
    aaguid: created.aaguid,
    transports: created.transports.join(' '),
    synced: created.isSynced ? 1 : 0,
    backed_up: created.isBackedUp ? 1 : 0,
  });
}

function bindingOf({ ownerId, client }: Enrollee): ChallengeBinding {
  return { purpose: 'enrollment', owner_id: ownerId, browser: client.browser ?? null };
}
