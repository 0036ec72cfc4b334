import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import type { PendingSignInTable } from '#store/sign-in/tables.ts';

export async function createPendingSignIn(tx: Queries, pending: PendingSignInTable): Promise<void> {
  await insertPending.send(tx, pending);
}

const insertPending = statement((db: Queries, p: Param<PendingSignInTable>) =>
  db.insertInto('pending_sign_ins').values({
    id: p.id,
    token_hash: p.token_hash,
    channel: p.channel,
    user_id: p.user_id,
    created_at: p.created_at,
    expires_at: p.expires_at,
    tries: p.tries,
    skippable: p.skippable,
    proven: p.proven,
    device_id: p.device_id,
    browser: p.browser,
    return_to: p.return_to,
    replaced_session_id: p.replaced_session_id,
    completed_at: p.completed_at,
    completed_to: p.completed_to,
  }),
);

/** Deletes all except the `keep` newest live pending sign-ins of a user. */
export async function evictPendingSignIns(tx: Queries, userId: string, keep: number): Promise<void> {
  const row = await countLive.first(tx, { userId });
  if (Number(row?.count) > keep) await evictOldest.run(tx, { userId, keep });
}

const countLive = statement((db: Queries, p: Param<{ userId: string }>) =>
  db
    .selectFrom('pending_sign_ins')
    .select((pending) => pending.fn.countAll().as('count'))
    .where('user_id', '=', p.userId)
    .where('completed_at', 'is', null),
);

const evictOldest = statement((db: Queries, p: Param<{ userId: string; keep: number }>) =>
  db
    .deleteFrom('pending_sign_ins')
    .where('user_id', '=', p.userId)
    .where('completed_at', 'is', null)
    .where('id', 'not in', (query) =>
      query
        .selectFrom('pending_sign_ins')
        .select('id')
        .where('user_id', '=', p.userId)
        .where('completed_at', 'is', null)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(p.keep),
    ),
);

/** Renews the token when the same person signs in again in the same browser; false in another browser. */
export async function renewPendingSignIn(
  tx: Queries,
  id: string,
  renewal: Pick<
    PendingSignInTable,
    'token_hash' | 'expires_at' | 'return_to' | 'skippable' | 'browser' | 'replaced_session_id'
  > & { now: number },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('pending_sign_ins')
    .set({
      token_hash: renewal.token_hash,
      expires_at: renewal.expires_at,
      return_to: renewal.return_to,
      skippable: renewal.skippable,
      replaced_session_id: renewal.replaced_session_id,
    })
    .where('id', '=', id)
    .where('browser', '=', renewal.browser)
    .where('completed_at', 'is', null)
    .where('expires_at', '>', renewal.now)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Deletes a user's live pending sign-ins except one (`''`: all). Finished ones stay to redirect a second submit. */
export async function deletePendingSignIns(tx: Queries, userId: string, keepId: string): Promise<number> {
  return deleteLive.run(tx, { userId, keepId });
}

const deleteLive = statement((db: Queries, p: Param<{ userId: string; keepId: string }>) =>
  db
    .deleteFrom('pending_sign_ins')
    .where('user_id', '=', p.userId)
    .where('id', '!=', p.keepId)
    .where('completed_at', 'is', null),
);

/** Deletes a person's live pending sign-ins on one known device. */
export async function deletePendingSignInsOnDevice(tx: Queries, userId: string, deviceId: string): Promise<void> {
  await tx
    .deleteFrom('pending_sign_ins')
    .where('user_id', '=', userId)
    .where('device_id', '=', deviceId)
    .where('completed_at', 'is', null)
    .execute();
}

/** Deletes every live pending sign-in of a partner's people. */
export async function deletePendingSignInsOfPartner(tx: Queries, partnerId: string): Promise<void> {
  await tx
    .deleteFrom('pending_sign_ins')
    .where('completed_at', 'is', null)
    .where('user_id', 'in', (query) => query.selectFrom('users').select('id').where('partner_id', '=', partnerId))
    .execute();
}

/** Deletes the pending sign-ins of a partner's people that could skip the second factor. */
export async function deleteSkippablePendingSignIns(tx: Queries, partnerId: string): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('pending_sign_ins')
    .where('skippable', '=', 1)
    .where('completed_at', 'is', null)
    .where('user_id', 'in', (query) => query.selectFrom('users').select('id').where('partner_id', '=', partnerId))
    .executeTakeFirst();
  return Number(numDeletedRows);
}
