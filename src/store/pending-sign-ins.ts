import type { Mouth, Queries } from './database.ts';
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
