import {
  formatRecoveryCode,
  normalizeRecoveryCode,
  RECOVERY_CODE_BYTES,
  RECOVERY_CODE_COUNT,
} from '#core/authenticators/recovery-code.ts';
import { attemptCounter } from '#core/limits/counter-kinds.ts';
import type { Client } from '#core/sessions/client.ts';
import { RECOVERY_CODES_COPY_SECONDS } from '#core/sessions/session.ts';
import type { Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { confirmAuthority } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { countedTurn, personAt } from '#flows/sign-in/hash-turn.ts';
import { replaceRecoveryCodes } from '#store/authenticators/recovery-codes.ts';
import type { Queries } from '#store/engine/database.ts';
import { reserveTries } from '#store/limits/attempts.ts';
import type { User } from '#store/people/users.ts';
import type { Authority } from '#store/sessions/granted.ts';
import type { Channel } from '#store/sessions/tables.ts';
import { recoveryTags } from './check-recovery-code.ts';

/** Ten codes and their hashes, made before the transaction that stores them. */
export type FreshCodes = { readonly codes: readonly string[]; readonly hashes: readonly string[] };

/**
 * Makes ten codes and hashes them as one job of the hash queue, one job at a time for each person. Refuses when the
 * queue is full, or when this person did this too often. Each call counts, also if it fails later.
 *
 * @param authority the right to do this; checked again in the transaction that counts the call
 */
export function drawRecoveryCodes(
  env: Env,
  userId: string,
  client: Client,
  authority?: Authority,
): Promise<FreshCodes | Refusal> {
  const counters = [attemptCounter('recovery-draws', userId)];
  const reserve = async (tx: Queries, now: number) => {
    if (authority) await confirmAuthority(env, tx, authority, userId);
    return reserveTries(tx, counters, now);
  };
  const draw = { asker: personAt(userId, client), kind: 'codes', counters, reserve, reason: 'often' } as const;
  return countedTurn(env, draw, async (hashing) => {
    const codes = Array.from({ length: RECOVERY_CODE_COUNT }, () =>
      formatRecoveryCode(env.random(RECOVERY_CODE_BYTES)),
    );
    return { codes, hashes: await hashing.hashCodes(codes.map(bare)) };
  });
}

/**
 * Replaces the codes of this user with `fresh`.
 *
 * For pages a sealed copy is stored until the person confirms with Done, for at most ten minutes, so that a lost
 * response loses no codes. An API caller gets the codes in the response, without a copy.
 */
export async function issueRecoveryCodes(
  env: Env,
  tx: Queries,
  to: { user: User; channel: Channel; client: Client },
  fresh: FreshCodes,
): Promise<void> {
  const now = env.now();
  const setId = env.newId();
  const { id: userId, partnerId } = to.user;
  const copy = { table: 'recovery_code_sets', rowId: setId, userId };
  const forPages = to.channel === 'page';
  await replaceRecoveryCodes(
    tx,
    {
      id: setId,
      userId,
      now,
      sealedCopy: forPages ? env.keys.seal('codes-copy', copy, JSON.stringify(fresh.codes)) : null,
      copyExpiresAt: forPages ? now + RECOVERY_CODES_COPY_SECONDS : null,
    },
    fresh.codes.map((code, index) => ({
      id: env.newId(),
      tag: recoveryTags(env, userId, bare(code))[0] ?? '',
      hash: fresh.hashes[index] ?? '',
    })),
  );
  await appendEvent(
    env,
    tx,
    {
      action: 'recovery_codes.created',
      actor: userId,
      subject: userId,
      partner: partnerId,
      detail: { count: fresh.codes.length },
    },
    to.client,
  );
}

function bare(code: string): string {
  const normal = normalizeRecoveryCode(code);
  if (normal === undefined) throw new Error('a code that we drew ourselves has no normal form');
  return normal;
}
