import type { Mouth, PendingSignInTable, Queries } from './database.ts';
import { type Param, statement } from './statement.ts';
import { type Partner, partnerColumns, partnerOf, type User, userColumns, userOf } from './users.ts';

/** Password proven, second door still closed: not a session. With the person, the partner and the authenticator as they are now. */
export type PendingSignIn = {
  readonly id: string;
  readonly mouth: Mouth;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly tries: number;
  readonly skippable: boolean;
  readonly deviceId: string | undefined;
  readonly returnTo: string | undefined;
  readonly completedAt: number | undefined;
  readonly completedTo: string | undefined;
  readonly user: User;
  readonly partner: Partner | undefined;
  /** The person's authenticator app, whatever its condition: what is paused or broken still exists. */
  readonly authenticatorId: string | undefined;
};

/** The pending sign-in of a token, live, finished or expired: the caller looks. A disabled user has none, nor has anybody of an archived partner. */
export async function findPendingSignIn(
  queries: Queries,
  tokenHash: string,
  mouth: Mouth,
): Promise<PendingSignIn | undefined> {
  const row = await findByToken.first(queries, { tokenHash, mouth });
  if (!row) return undefined;
  return {
    id: row.id,
    mouth: row.mouth,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    tries: row.tries,
    skippable: row.skippable === 1,
    deviceId: row.device_id ?? undefined,
    returnTo: row.return_to ?? undefined,
    completedAt: row.completed_at ?? undefined,
    completedTo: row.completed_to ?? undefined,
    user: userOf(row),
    partner: partnerOf(row),
    authenticatorId: row.authenticator_id ?? undefined,
  };
}

const findByToken = statement((db: Queries, p: Param<{ tokenHash: string; mouth: Mouth }>) =>
  db
    .selectFrom('pending_sign_ins as s')
    .innerJoin('users as u', 'u.id', 's.user_id')
    .leftJoin('partners as p', 'p.id', 'u.partner_id')
    .leftJoin('authenticators as a', 'a.user_id', 's.user_id')
    .select([
      's.id',
      's.mouth',
      's.created_at',
      's.expires_at',
      's.tries',
      's.skippable',
      's.device_id',
      's.return_to',
      's.completed_at',
      's.completed_to',
      'a.id as authenticator_id',
      ...userColumns,
      ...partnerColumns,
    ])
    .where('s.token_hash', '=', p.tokenHash)
    .where('s.mouth', '=', p.mouth)
    .where('u.disabled_at', 'is', null)
    .where('p.archived_at', 'is', null),
);

export async function createPendingSignIn(tx: Queries, pending: PendingSignInTable): Promise<void> {
  await insertPending.run(tx, pending);
}

const insertPending = statement((db: Queries, p: Param<PendingSignInTable>) =>
  db.insertInto('pending_sign_ins').values({
    id: p.id,
    token_hash: p.token_hash,
    mouth: p.mouth,
    user_id: p.user_id,
    created_at: p.created_at,
    expires_at: p.expires_at,
    tries: p.tries,
    skippable: p.skippable,
    device_id: p.device_id,
    return_to: p.return_to,
    completed_at: p.completed_at,
    completed_to: p.completed_to,
  }),
);

/** Ends all but the `keep` newest live pending sign-ins of a user. */
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

/** Gives a live pending sign-in a new token (the same person signed in again in the same browser). */
export async function renewPendingSignIn(
  tx: Queries,
  id: string,
  renewal: Pick<PendingSignInTable, 'token_hash' | 'expires_at' | 'return_to' | 'skippable'> & { now: number },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('pending_sign_ins')
    .set({
      token_hash: renewal.token_hash,
      expires_at: renewal.expires_at,
      return_to: renewal.return_to,
      skippable: renewal.skippable,
    })
    .where('id', '=', id)
    .where('completed_at', 'is', null)
    .where('expires_at', '>', renewal.now)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Consumes the pending sign-in: true once, false ever after and when it is over. */
export async function completePendingSignIn(tx: Queries, id: string, to: string, now: number): Promise<boolean> {
  return (await complete.run(tx, { id, to, now })) === 1;
}

const complete = statement((db: Queries, p: Param<{ id: string; to: string; now: number }>) =>
  db
    .updateTable('pending_sign_ins')
    .set({ completed_at: p.now, completed_to: p.to })
    .where('id', '=', p.id)
    .where('completed_at', 'is', null)
    .where('expires_at', '>', p.now),
);

/** Ends the live pending sign-ins of a user but one (pass `''` to keep none); finished ones stay as signposts. */
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

/** Ends every live pending sign-in of a partner's people. */
export async function deletePendingSignInsOfPartner(tx: Queries, partnerId: string): Promise<void> {
  await tx
    .deleteFrom('pending_sign_ins')
    .where('completed_at', 'is', null)
    .where('user_id', 'in', (query) => query.selectFrom('users').select('id').where('partner_id', '=', partnerId))
    .execute();
}

/** Ends the pending sign-ins of a partner's people that could have been finished without a second factor. */
export async function deleteSkippablePendingSignIns(tx: Queries, partnerId: string): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('pending_sign_ins')
    .where('skippable', '=', 1)
    .where('completed_at', 'is', null)
    .where('user_id', 'in', (query) => query.selectFrom('users').select('id').where('partner_id', '=', partnerId))
    .executeTakeFirst();
  return Number(numDeletedRows);
}
