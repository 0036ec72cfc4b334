import { sql } from 'kysely';
import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import { isOpen } from '#store/people/state.ts';
import { type Partner, partnerColumns, partnerOf, type User, userColumns, userOf } from '#store/people/users.ts';
import type { Channel } from '#store/sessions/tables.ts';
import type { PendingSignInTable } from '#store/sign-in/tables.ts';

/** A sign-in with a proven password but no second factor yet, so not a session. With the person's current data. */
export type PendingSignIn = {
  readonly id: string;
  readonly channel: Channel;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly tries: number;
  readonly skippable: boolean;
  /** The factor that was proven, if the policy still wants a passkey to be set up. */
  readonly proven: NonNullable<PendingSignInTable['proven']> | undefined;
  readonly deviceId: string | undefined;
  readonly returnTo: string | undefined;
  /** The person's older session in this browser. The finished sign-in replaces it. */
  readonly replacedSessionId: string | undefined;
  readonly completedAt: number | undefined;
  readonly completedTo: string | undefined;
  readonly user: User;
  readonly partner: Partner | undefined;
  /** The owner of the attempt counters of the person's apps, even if all are paused or broken; absent without an app. */
  readonly budgetId: string | undefined;
  /** Whether the person's next set-up needs a temporary access code. */
  readonly awaitsAccessCode: boolean;
};

/** The pending sign-in of a token, live or not; the caller must check. People who cannot sign in have none. */
export async function findPendingSignIn(
  queries: Queries,
  tokenHash: string,
  channel: Channel,
): Promise<PendingSignIn | undefined> {
  const row = await findByToken.first(queries, { tokenHash, channel });
  return row && pendingOf(row);
}

/** The same by id, to check whether the sign-in that a guard found still exists. */
export async function findPendingSignInById(queries: Queries, id: string): Promise<PendingSignIn | undefined> {
  const row = await findById.first(queries, { id });
  return row && pendingOf(row);
}

type PendingRow = Omit<PendingSignInTable, 'token_hash' | 'user_id'> & {
  budget_id: string | null;
  access_code_of: string | null;
} & Parameters<typeof userOf>[0] &
  Parameters<typeof partnerOf>[0];

function pendingOf(row: PendingRow): PendingSignIn {
  return {
    id: row.id,
    channel: row.channel,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    tries: row.tries,
    skippable: row.skippable === 1,
    proven: row.proven ?? undefined,
    deviceId: row.device_id ?? undefined,
    returnTo: row.return_to ?? undefined,
    replacedSessionId: row.replaced_session_id ?? undefined,
    completedAt: row.completed_at ?? undefined,
    completedTo: row.completed_to ?? undefined,
    user: userOf(row),
    partner: partnerOf(row),
    budgetId: row.budget_id ?? undefined,
    awaitsAccessCode: row.access_code_of !== null,
  };
}

const findByToken = statement((db: Queries, p: Param<{ tokenHash: string; channel: Channel }>) =>
  openPendings(db).where('s.token_hash', '=', p.tokenHash).where('s.channel', '=', p.channel),
);

const findById = statement((db: Queries, p: Param<{ id: string }>) => openPendings(db).where('s.id', '=', p.id));

/** `budgetId` of `core/authenticators/factors.ts`. A join would repeat the sign-in of a person who has several apps. */
const budgetId = sql<
  string | null
>`(select min(coalesce(a.budget_id, a.id)) from authenticators a where a.user_id = s.user_id)`;

function openPendings(db: Queries) {
  return db
    .selectFrom('pending_sign_ins as s')
    .innerJoin('users as u', 'u.id', 's.user_id')
    .leftJoin('partners as p', 'p.id', 'u.partner_id')
    .leftJoin('access_codes as c', 'c.user_id', 's.user_id')
    .select([
      's.id',
      's.channel',
      's.created_at',
      's.expires_at',
      's.tries',
      's.skippable',
      's.proven',
      's.device_id',
      's.return_to',
      's.replaced_session_id',
      's.completed_at',
      's.completed_to',
      's.browser',
      'c.user_id as access_code_of',
      ...userColumns,
      ...partnerColumns,
    ])
    .select(budgetId.as('budget_id'))
    .where(isOpen);
}

/** Whether this sign-in has come to the set-up of an authenticator: there is none, or a passkey is needed as well. */
export function isAtSetUp({ budgetId, proven }: Pick<PendingSignIn, 'budgetId' | 'proven'>): boolean {
  return budgetId === undefined || proven !== undefined;
}

/** Stores that a factor was proven, but that a passkey must still be set up; false if the sign-in is finished or over. */
export async function setProven(
  tx: Queries,
  id: string,
  proven: NonNullable<PendingSignInTable['proven']>,
  now: number,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('pending_sign_ins')
    .set({ proven })
    .where('id', '=', id)
    .where('completed_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Completes the pending sign-in: true once, then always false; false also after it has expired. */
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
