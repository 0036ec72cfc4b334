import type { Client } from '#core/client.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/append-event.ts';
import { eraseCodesCopy, findCodesCopy } from '#store/recovery-codes.ts';
import type { Session } from '#store/sessions.ts';

/** The codes once more, until Done; undefined afterwards, and when their time is over. */
export async function readCodesCopy(env: Env, { user }: Session): Promise<readonly string[] | undefined> {
  const copy = await findCodesCopy(env.db.read, user.id, env.now());
  if (!copy) return undefined;
  const binding = { table: 'recovery_code_sets', rowId: copy.setId, userId: user.id };
  try {
    return JSON.parse(env.keys.open('codes-copy', binding, copy.sealedCopy).toString()) as string[];
  } catch (error) {
    // Pages lead back here while there is a copy: one that cannot be shown has to go, and new codes can be made.
    env.log.error({ userId: user.id, err: error }, 'a copy of recovery codes does not decrypt');
    await env.db.transaction((tx) => eraseCodesCopy(tx, user.id));
    return undefined;
  }
}

/** Done: the copy is erased and the codes are never shown again. */
export async function acknowledgeCodes(env: Env, { user }: Session, client: Client): Promise<void> {
  await env.db.transaction(async (tx) => {
    if (!(await eraseCodesCopy(tx, user.id))) return;
    const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
    await appendEvent(env, tx, { action: 'recovery_codes.acknowledged', ...whose, detail: {} }, client);
  });
}
