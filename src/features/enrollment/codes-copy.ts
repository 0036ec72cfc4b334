import type { Client } from '#core/sessions/client.ts';
import type { Env } from '#env.ts';
import { ownTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { eraseCodesCopy, findCodesCopy } from '#store/authenticators/recovery-codes.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';

/** The stored copy of the codes. Undefined after Done and after its expiry. */
export async function readCodesCopy(env: Env, session: GrantedSession): Promise<readonly string[] | undefined> {
  const { user } = session;
  const copy = await findCodesCopy(env.db.read, user.id, env.now());
  if (!copy) return undefined;
  const binding = { table: 'recovery_code_sets', rowId: copy.setId, userId: user.id };
  try {
    return JSON.parse(env.keys.open('codes-copy', binding, copy.sealedCopy).toString()) as string[];
  } catch (error) {
    // Pages redirect here while a copy exists. A copy that cannot be shown must go; the person can make new codes.
    env.log.error({ userId: user.id, err: error }, 'a copy of recovery codes does not decrypt');
    await ownTransaction(env, session, (tx) => eraseCodesCopy(tx, user.id));
    return undefined;
  }
}

/** Done: erases the copy, so the codes are never shown again. */
export async function acknowledgeCodes(env: Env, session: GrantedSession, client: Client): Promise<void> {
  const { user } = session;
  await ownTransaction(env, session, async (tx) => {
    if (!(await eraseCodesCopy(tx, user.id))) return;
    const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
    await appendEvent(env, tx, { action: 'recovery_codes.acknowledged', ...whose, detail: {} }, client);
  });
}
