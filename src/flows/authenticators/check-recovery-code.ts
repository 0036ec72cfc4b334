import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Hashing } from '#crypto/password-hash.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { mailRecoveryCodeUsed } from '#flows/runtime/mail.ts';
import { lockIfPresent, personTransaction } from '#flows/runtime/transaction.ts';
import { recoveryCodeCounters } from '#flows/sign-in/attempt-counters.ts';
import { type Counted, countedTurn, personAt } from '#flows/sign-in/hash-turn.ts';
import { noteRefusal } from '#flows/sign-in/note-refusal.ts';
import { type FactorAttempt, giveBackTries, reserveProof } from '#flows/sign-in/reserve-try.ts';
import { warnOfWrongCode } from '#flows/sign-in/warn.ts';
import {
  claimRecoveryCode,
  countRecoveryCodesLeft,
  findAnyCodeHash,
  findRecoveryCode,
} from '#store/authenticators/recovery-codes.ts';
import type { Queries } from '#store/engine/database.ts';

/**
 * Accepts a recovery code once, or refuses. The try is counted first. A keyed tag finds the only row that can match, so
 * a try costs one hash. The row is claimed together with what the code opens.
 *
 * @param code 16 Crockford characters, as `normalizeRecoveryCode` returns them
 */
export async function checkRecoveryCode<T>(
  env: Env,
  attempt: FactorAttempt,
  code: string,
  open: (tx: Queries, left: number) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const { user, deviceId, client } = attempt;
  const counters = recoveryCodeCounters(env, user.id, deviceId, client);
  const outcome = await countedTurn(
    env,
    {
      asker: personAt(user.id, client),
      kind: 'code',
      counters,
      reserve: (tx, now) => reserveProof(tx, attempt, counters, now),
    },
    (hashing, counted) => compare(env, attempt, { code, hashing, ...counted }, open),
  );
  // When the queue was full, no try was counted, so there is no event.
  if (!isRefusal(outcome) || outcome.refused === 'temporarily_unavailable') return outcome;
  if (outcome.limitedBy === undefined) return reject(env, attempt, outcome);
  await noteRefusal(env, { event: refusedEvent(attempt, outcome), client, key: outcome.limitedBy });
  return outcome;
}

async function compare<T>(
  env: Env,
  attempt: FactorAttempt,
  { code, hashing, counted, at }: Counted & { readonly code: string; readonly hashing: Hashing },
  open: (tx: Queries, left: number) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const { user, client } = attempt;
  const found = await findRecoveryCode(env.db.read, user.id, recoveryTags(env, user.id, code));
  // An unknown code is compared with another hash of this person, because hashes of older versions take longer.
  const hash = found?.hash ?? (await findAnyCodeHash(env.db.read, user.id));
  const fits = await hashing.verifyCode(hash, code);
  if (!found || !fits) return refuse('recovery_code_incorrect');
  if (found.usedAt !== undefined) return refuse('recovery_code_already_used');

  return personTransaction(env.db, user.id, async (tx) => {
    if (!(await claimRecoveryCode(tx, found.id, at))) return refuse('recovery_code_already_used');
    await giveBackTries(tx, counted, at);
    const left = await countRecoveryCodesLeft(tx, user.id);
    await record(env, tx, attempt, left);
    await mailRecoveryCodeUsed(env, tx, user, { left, client });
    return open(tx, left);
  });
}

/** 66 bits: a million codes have two equal tags once in 10⁸ times, and a tag reveals less than a code's 80 bits. */
const TAG_CHARACTERS = 11;

/** The short keyed look-up tags of a code, one for each key in the ring, as the table stores them. */
export function recoveryTags(env: Env, userId: string, code: string): readonly string[] {
  const macs = env.keys.macs('recovery', `${userId}:${code}`);
  return macs.map(({ keyId, mac }) => `${keyId}.${mac.slice(0, TAG_CHARACTERS)}`);
}

async function reject(env: Env, attempt: FactorAttempt, refusal: Refusal): Promise<Refusal> {
  await env.db.transaction(async (tx) => {
    const isPresent = await lockIfPresent(tx, attempt.user.id);
    await appendEvent(env, tx, refusedEvent(attempt, refusal), attempt.client);
    if (isPresent) await warnOfWrongCode(env, tx, attempt, refusal);
  });
  return refusal;
}

async function record(env: Env, tx: Queries, { user, client }: FactorAttempt, remaining: number): Promise<void> {
  const person = { actor: user.id, subject: user.id, partner: user.partnerId };
  await appendEvent(env, tx, { action: 'recovery_code.used', ...person, detail: { remaining } }, client);
}

function refusedEvent({ user }: FactorAttempt, { refused }: Refusal) {
  const person = { actor: user.id, subject: user.id, partner: user.partnerId };
  return { action: 'recovery_code.refused' as const, ...person, detail: { reason: refused } };
}
