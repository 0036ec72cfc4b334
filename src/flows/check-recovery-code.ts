import { isRefusal, type Refusal, refuse } from '#core/result.ts';
import type { Env } from '#env.ts';
import type { CountedTry } from '#store/attempts.ts';
import type { Queries } from '#store/database.ts';
import { returnPendingTry } from '#store/pending-tries.ts';
import { claimRecoveryCode, countRecoveryCodesLeft, findRecoveryCode } from '#store/recovery-codes.ts';
import { appendEvent } from './append-event.ts';
import { recoveryCodeLanes } from './lanes.ts';
import { mailRecoveryCodeUsed } from './mail.ts';
import { noteRefusal } from './note-refusal.ts';
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
  const counted = await env.db.transaction((tx) => reserveProof(tx, prover, lanes, now));
  if (isRefusal(counted)) {
    await noteRefusal(env, { event: refusedEvent(prover, counted), client, key: counted.limitedBy });
    return counted;
  }

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
    await record(env, tx, prover, left);
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
    await appendEvent(env, tx, refusedEvent(prover, refusal), prover.client);
    await prover.warn(tx, refusal);
  });
  return refusal;
}

async function record(env: Env, tx: Queries, { user, client }: Prover, remaining: number): Promise<void> {
  const person = { actor: user.id, subject: user.id, partner: user.partnerId };
  await appendEvent(env, tx, { action: 'recovery_code.used', ...person, detail: { remaining } }, client);
}

function refusedEvent({ user }: Prover, { refused }: Refusal) {
  const person = { actor: user.id, subject: user.id, partner: user.partnerId };
  return { action: 'recovery_code.refused' as const, ...person, detail: { reason: refused } };
}
