import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { transactionOrRefusal } from '#flows/runtime/transaction.ts';
import { voidRecoveryCodes } from '#store/authenticators/recovery-codes.ts';
import { countSealedRows } from '#store/engine/sealed-rows.ts';
import { activateRingKey, listRingKeys, noteRingKey, retireRingKey } from '#store/operations/ring-keys.ts';
import { endReservations, forgetFormerEmails } from '#store/people/former-emails.ts';

type KeysEnv = Pick<Env, 'db' | 'now' | 'newId' | 'random' | 'keys'>;
type Doer = { readonly actor: string };

/**
 * Logs that no row needs a key any more, and refuses while one does. It counts, voids and logs in one transaction, so
 * that it sees a row written in between.
 *
 * @param voidCodes also voids the recovery codes that only this key can find. Their owners must make new ones.
 */
export async function retireKey(
  env: KeysEnv,
  { keyId, voidCodes, actor }: { keyId: string; voidCodes: boolean } & Doer,
): Promise<{ readonly codesVoided: number } | Refusal> {
  const now = env.now();
  return transactionOrRefusal(env.db, async (tx) => {
    const codesVoided = voidCodes ? await voidRecoveryCodes(tx, keyId, now) : 0;
    await endReservations(tx, now);
    const needed = Object.values(await countSealedRows(tx, keyId)).some((rows) => rows > 0);
    if (needed) return refuse('forbidden', { reason: 'key_needed' });
    await forgetFormerEmails(tx, keyId);
    if (!(await retireRingKey(tx, keyId, now))) return refuse('not_found', { reason: 'key' });
    const detail = { keyId, ...(voidCodes && { codesVoided }) };
    await appendEvent(env, tx, { action: 'keys.retired', actor, detail }, undefined);
    return { codesVoided };
  });
}

/** Logs that the first key of the ring seals from now on. Only the first process writes it. */
export async function recordActivation(env: KeysEnv, { actor }: Doer): Promise<void> {
  const [keyId, now] = [env.keys.activeKeyId, env.now()];
  const known = await listRingKeys(env.db.read);
  if (known.find(({ id }) => id === keyId)?.activated_at) return;
  await env.db.transaction(async (tx) => {
    await noteRingKey(tx, { id: keyId, fingerprint: env.keys.fingerprint(keyId), first_used_at: now });
    if (!(await activateRingKey(tx, keyId, now))) return;
    await appendEvent(env, tx, { action: 'keys.activated', actor, detail: { keyId } }, undefined);
  });
}

export async function recordReseal(env: KeysEnv, { rows, actor }: { rows: number } & Doer): Promise<void> {
  const detail = { keyId: env.keys.activeKeyId, rows };
  await env.db.transaction((tx) => appendEvent(env, tx, { action: 'keys.resealed', actor, detail }, undefined));
}
