import { ACCESS_CODE_TRIES, opensEnrollment } from '#core/authenticators/access-code.ts';
import { formatRecoveryCode, normalizeRecoveryCode, RECOVERY_CODE_BYTES } from '#core/authenticators/recovery-code.ts';
import type { Client } from '#core/sessions/client.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { type Actor, actorClient, actorId } from '#flows/administration/actor.ts';
import { type SetUpAuthority, setUpTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { noteRefusal } from '#flows/sign-in/note-refusal.ts';
import {
  claimAccessCode,
  findAccessCode,
  replaceAccessCode,
  reserveAccessCodeTry,
} from '#store/authenticators/access-codes.ts';
import type { Queries } from '#store/engine/database.ts';
import type { User } from '#store/people/users.ts';

/** A new code. It exists in the clear only now. */
export type NewAccessCode = { readonly code: string; readonly expiresAt: number };

/** Makes the code that this person's next enrollment needs beside the password; the earlier one stops working. */
export async function makeAccessCode(
  env: Env,
  tx: Queries,
  { user, expiresAt }: { readonly user: User; readonly expiresAt: number },
  actor: Actor,
): Promise<NewAccessCode> {
  const code = formatRecoveryCode(env.random(RECOVERY_CODE_BYTES));
  const mac = `${env.keys.activeKeyId}.${env.keys.mac('token', textOf(user.id, code))}`;
  await replaceAccessCode(tx, { user_id: user.id, mac, created_at: env.now(), expires_at: expiresAt });
  const who = { actor: actorId(actor), subject: user.id, partner: user.partnerId };
  await appendEvent(env, tx, { action: 'access_code.created', ...who, detail: { expiresAt } }, actorClient(actor));
  return { code, expiresAt };
}

/** Whether this person must enter a code before this pending sign-in or session may see a secret. */
export async function needsAccessCode(queries: Queries, userId: string, ownerId: string): Promise<boolean> {
  return !opensEnrollment(await findAccessCode(queries, userId), ownerId);
}

/** Who enters the code, and the id of the pending sign-in or session that may enroll with it. */
type CodeBearer = {
  readonly user: User;
  readonly ownerId: string;
  readonly client: Client;
  readonly authority: SetUpAuthority;
};

/**
 * Accepts a temporary access code once, or refuses. The try is counted and committed before the comparison. A used,
 * expired or exhausted code gets the same answer, because in each case staff must make another.
 */
export async function useAccessCode(
  env: Env,
  bearer: CodeBearer,
  typed: string,
  around: Around<true> = plainly,
): Promise<true | Refusal> {
  const code = normalizeRecoveryCode(typed);
  if (code === undefined) return refuse('invalid_request', { reason: 'code' });
  const { user, ownerId } = bearer;
  const now = env.now();
  const reserved = await setUpTransaction(env, bearer.authority, (tx) =>
    reserveAccessCodeTry(tx, user.id, ACCESS_CODE_TRIES, now),
  );
  if (reserved !== true) {
    return reject(env, bearer, refuse('access_code_expired', { limitedBy: `access-code:${user.id}` }));
  }
  const row = await findAccessCode(env.db.read, user.id);
  if (!row || !fits(env, row.mac, user.id, code)) return reject(env, bearer, refuse('access_code_incorrect'));
  const accept = async (tx: Queries): Promise<true | Refusal> => {
    if (!(await claimAccessCode(tx, user.id, { mac: row.mac, ownerId, now }))) return refuse('access_code_expired');
    await appendEvent(env, tx, { action: 'access_code.accepted', ...whose(user), detail: {} }, bearer.client);
    return true;
  };
  const outcome = await setUpTransaction<true>(env, bearer.authority, (tx) => around(tx, () => accept(tx)));
  return isRefusal(outcome) ? reject(env, bearer, outcome) : outcome;
}

function fits(env: Env, stored: string, userId: string, code: string): boolean {
  const [keyId = '', mac = ''] = stored.split('.');
  return env.keys.verifyMac('token', textOf(userId, code), keyId, mac);
}

/** The person is part of the text, so a row moved to another person matches no code. */
function textOf(userId: string, code: string): string {
  return `access-code|${userId}|${normalizeRecoveryCode(code)}`;
}

async function reject(env: Env, { user, client }: CodeBearer, refusal: Refusal): Promise<Refusal> {
  const event = { action: 'access_code.refused' as const, ...whose(user), detail: { reason: refusal.refused } };
  await noteRefusal(env, { event, client, key: refusal.limitedBy });
  return refusal;
}

function whose(user: User) {
  return { actor: user.id, subject: user.id, partner: user.partnerId };
}
