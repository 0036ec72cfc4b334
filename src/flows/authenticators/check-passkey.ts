import type { PasskeyUse } from '#core/authenticators/assurance.ts';
import { checkCounter } from '#core/authenticators/passkeys/passkey.ts';
import type {
  Assertion,
  PasskeyFault,
  RelyingParty,
  UserVerification,
} from '#core/authenticators/passkeys/webauthn.ts';
import type { AttemptCounter } from '#core/limits/counter-kinds.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { ProvenPasskey } from '#crypto/passkeys.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { lockIfPresent, personTransaction, transactionOrRefusal } from '#flows/runtime/transaction.ts';
import { passkeyCounters } from '#flows/sign-in/attempt-counters.ts';
import { noteRefusal } from '#flows/sign-in/note-refusal.ts';
import { type FactorAttempt, giveBackTries, reserveProof } from '#flows/sign-in/reserve-try.ts';
import { warnOfWrongCode } from '#flows/sign-in/warn.ts';
import { factorsOf, type Passkey } from '#store/authenticators/authenticators.ts';
import { type ChallengeBinding, notePasskeyUse } from '#store/authenticators/passkeys.ts';
import type { Queries } from '#store/engine/database.ts';
import type { CountedTry } from '#store/limits/attempts.ts';
import { relyingPartyOf, spendChallenge } from './passkey-challenge.ts';

/** One try with a passkey: the challenge it must have signed, and how much it must show. */
export type PasskeyAttempt = FactorAttempt & {
  readonly binding: ChallengeBinding;
  readonly userVerification: UserVerification;
  /** Whether the passkey is the whole sign-in. */
  readonly isAlone: boolean;
};

/** What a try found before its signature was checked. */
type Found = {
  readonly challenge: string;
  readonly passkey: Passkey | undefined;
  readonly counted: readonly CountedTry[];
};

/**
 * Accepts the use of a passkey, or refuses.
 *
 * There are two commits, with the signature check between them. The first uses the challenge up and counts the try, so
 * an answer works once, also after a crash. The second stores the use together with what it opens (`open`).
 */
export async function checkPasskey<T>(
  env: Env,
  attempt: PasskeyAttempt,
  assertion: Assertion,
  open: (tx: Queries, use: PasskeyUse) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const rp = relyingPartyOf(env.config);
  if (isRefusal(rp)) return rp;
  const now = env.now();
  const found = await reserve(env, attempt, assertion, now);
  if (isRefusal(found)) return found;
  const checked = await judge(env, rp, attempt, assertion, found);
  if ('fault' in checked) return reject(env, attempt, refuse('passkey_refused'), checked);

  const { passkey, proven, wentBack } = checked;
  const use = { kind: 'passkey', isSynced: passkey.isSynced, ...proven, isAlone: attempt.isAlone } as const;
  const outcome = await personTransaction(env.db, attempt.user.id, async (tx) => {
    const noted = { id: passkey.id, counter: proven.counter, backedUp: proven.isBackedUp, now };
    if (!(await notePasskeyUse(tx, noted, passkey.counter))) return refuse('passkey_refused');
    if (wentBack) await appendEvent(env, tx, wentBackEvent(attempt, passkey, true), attempt.client);
    await giveBackTries(tx, found.counted, now);
    const opened = await open(tx, use);
    if (!isRefusal(opened)) await appendEvent(env, tx, acceptedEvent(attempt, passkey), attempt.client);
    return opened;
  });
  if (isRefusal(outcome)) return reject(env, attempt, outcome, { fault: 'changed_passkey', passkey });
  return outcome;
}

async function reserve(env: Env, attempt: PasskeyAttempt, assertion: Assertion, now: number): Promise<Found | Refusal> {
  const { user, client, deviceId, binding } = attempt;
  const counters: readonly AttemptCounter[] = passkeyCounters(env, user.id, deviceId, client);
  const reserved = await transactionOrRefusal(env.db, async (tx) => {
    // First whether the person may still try: a refusal leaves everything as it was, the challenge too.
    const counted = await reserveProof(tx, attempt, counters, now);
    if (isRefusal(counted)) return counted;
    const spent = await spendChallenge(env, tx, assertion, binding);
    if (!spent) return refuse('challenge_expired');
    const passkeys = (await factorsOf(tx, user.id))?.passkeys ?? [];
    return {
      challenge: spent.challenge,
      counted,
      passkey: passkeys.find(({ credentialId }) => credentialId === assertion.id),
    };
  });
  if (!isRefusal(reserved) || reserved.refused === 'challenge_expired') return reserved;
  const event = refusedEvent(attempt, reserved.refused, undefined);
  await noteRefusal(env, { event, client, key: reserved.limitedBy });
  return reserved;
}

type Judged = { readonly passkey: Passkey; readonly proven: ProvenPasskey; readonly wentBack: boolean } | Fault;

type Fault = { readonly fault: PasskeyFault; readonly passkey?: Passkey };

async function judge(
  env: Env,
  rp: RelyingParty,
  { userVerification, isAlone }: PasskeyAttempt,
  assertion: Assertion,
  { challenge, passkey }: Found,
): Promise<Judged> {
  if (!passkey) return { fault: 'unknown_passkey' };
  const publicKey = openPublicKey(env, passkey);
  if (publicKey === undefined) return { fault: 'invalid' };
  const { userId, credentialId, isSynced } = passkey;
  const stored = { userId, credentialId, isSynced, publicKey };
  const expected = { challenge, userVerification, needsHandle: isAlone };
  const proven = await env.passkeys.verifyAssertion(rp, assertion, stored, expected);
  if ('fault' in proven) return proven;
  const counter = checkCounter(passkey, proven.counter);
  if (counter === 'refused') return { fault: 'counter_went_back', passkey };
  return { passkey, proven, wentBack: counter === 'went_back' };
}

function openPublicKey(env: Env, { id, userId, sealedKey }: Passkey): Buffer | undefined {
  try {
    return env.keys.open('passkey', { table: 'passkeys', rowId: id, userId }, sealedKey);
  } catch (error) {
    env.log.error({ authenticatorId: id, userId, err: error }, 'the key of a passkey does not open');
    return undefined;
  }
}

/** Records a refusal. A counter that goes back is an event of its own, because it can be a copied key. */
async function reject(
  env: Env,
  attempt: PasskeyAttempt,
  refusal: Refusal,
  { fault, passkey }: Fault,
): Promise<Refusal> {
  await env.db.transaction(async (tx) => {
    if (!(await lockIfPresent(tx, attempt.user.id))) return;
    if (fault === 'counter_went_back' && passkey) {
      await appendEvent(env, tx, wentBackEvent(attempt, passkey, false), attempt.client);
    }
    await appendEvent(env, tx, refusedEvent(attempt, refusal.refused, fault), attempt.client);
    await warnOfWrongCode(env, tx, attempt, refusal);
  });
  return refusal;
}

type Event = Parameters<typeof appendEvent>[2];

function acceptedEvent({ user, pending, isAlone }: PasskeyAttempt, { id, isSynced }: Passkey): Event {
  const person = { actor: user.id, subject: user.id, partner: user.partnerId };
  if (!pending && !isAlone) return { action: 'step_up.proven', ...person, detail: { method: 'passkey' } };
  return {
    action: 'sign_in.passkey_accepted',
    ...person,
    detail: { authenticatorId: id, synced: isSynced, alone: isAlone },
  };
}

function refusedEvent(
  { user, pending, isAlone }: PasskeyAttempt,
  reason: Refusal['refused'],
  fault?: PasskeyFault,
): Event {
  const person = { actor: user.id, subject: user.id, partner: user.partnerId };
  if (!pending && !isAlone) return { action: 'step_up.refused', ...person, detail: { method: 'passkey', reason } };
  return { action: 'sign_in.passkey_refused', ...person, detail: { reason, fault } };
}

function wentBackEvent({ user }: PasskeyAttempt, { id: authenticatorId }: Passkey, accepted: boolean): Event {
  const person = { actor: user.id, subject: user.id, partner: user.partnerId };
  return { action: 'passkey.counter_went_back', ...person, detail: { authenticatorId, accepted } };
}
