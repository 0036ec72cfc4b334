import { isRefusal, type Refusal, refuse } from '#core/result.ts';
import type { Env } from '#env.ts';
import type { CountedTry } from '#store/attempts.ts';
import type { Queries } from '#store/database.ts';
import { returnPendingTry } from '#store/pending-tries.ts';
import { claimRecoveryCode, countRecoveryCodesLeft, findRecoveryCode } from '#store/recovery-codes.ts';
import { appendEvent } from './append-event.ts';
import { recoveryCodeLanes } from './lanes.ts';
import { mailRecoveryCodeUsed } from './mail.ts';
import { giveBackLanes, type Prover, reserveProof, returnLanes } from './reserve-try.ts';
import { personTransaction } from './transaction.ts';

/**
 * Accepts a recovery code once, or says why not. The try is counted first; a keyed tag finds the one row that may
 * fit, so that a try costs one password hash; the row is used up together with what the code opens.
 *
 * @param code 16 Crockford characters, as `normalizeRecoveryCode` answers them
 */
export async function checkRecoveryCode<T>(
  env: Env,
  prover: Prover,
  code: string,
  open: (tx: Queries, left: number) => Promise<T | Refusal>,
): Promise<T | Refusal> {
  const now = env.now();
  const { user, deviceId, client } = prover;
  const lanes = recoveryCodeLanes(env, user.id, deviceId, client);
  const counted = await env.db.transaction(async (tx) => {
    const reserved = await reserveProof(tx, prover, lanes, now);
    if (isRefusal(reserved)) await record(env, tx, prover, reserved);
    return reserved;
  });
  if (isRefusal(counted)) return counted;

  const found = await findRecoveryCode(env.db.read, user.id, recoveryTags(env, user.id, code));
  const fits = await env.hasher.verify(found?.hash, code);
  if (isRefusal(fits)) {
    await env.db.transaction((tx) => undo(tx, prover, counted, now));
    return fits;
  }
  if (!found || !fits) return reject(env, prover, refuse('recovery_code_incorrect'));
  if (found.usedAt !== undefined) return reject(env, prover, refuse('recovery_code_already_used'));

  const outcome = await personTransaction(env.db, user.id, async (tx) => {
    if (!(await claimRecoveryCode(tx, found.id, now))) return refuse('recovery_code_already_used');
    await giveBackLanes(tx, counted, now);
    const left = await countRecoveryCodesLeft(tx, user.id);
    await record(env, tx, prover, undefined, left);
    await mailRecoveryCodeUsed(env, tx, user, { left, client });
    return open(tx, left);
  });
  return isRefusal(outcome) ? reject(env, prover, outcome) : outcome;
}

/** 66 bits: a million codes collide once in 10⁸, and less than the code's 80 stand in the table beside its hash. */
const TAG_CHARACTERS = 11;

/** The short keyed look-up tags of a code, one for every key in the ring, as the table holds them. */
export function recoveryTags(env: Env, userId: string, code: string): readonly string[] {
  const macs = env.keys.macs('recovery', `${userId}:${code}`);
  return macs.map(({ keyId, mac }) => `${keyId}.${mac.slice(0, TAG_CHARACTERS)}`);
}

async function undo(tx: Queries, prover: Prover, counted: readonly CountedTry[], reservedAt: number): Promise<void> {
  await returnLanes(tx, counted, reservedAt);
  if (prover.pending) await returnPendingTry(tx, prover.pending.id);
}

async function reject(env: Env, prover: Prover, refusal: Refusal): Promise<Refusal> {
  await env.db.transaction(async (tx) => {
    await record(env, tx, prover, refusal);
    await prover.warn(tx, refusal);
  });
  return refusal;
}

async function record(
  env: Env,
  tx: Queries,
  { user, client }: Prover,
  refusal: Refusal | undefined,
  remaining = 0,
): Promise<void> {
  const person = { actor: user.id, subject: user.id, partner: user.partnerId };
  await appendEvent(
    env,
    tx,
    refusal
      ? { action: 'recovery_code.refused', ...person, detail: { reason: refusal.refused } }
      : { action: 'recovery_code.used', ...person, detail: { remaining } },
    client,
  );
}
