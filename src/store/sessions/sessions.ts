import type { StepUpMethod } from '#core/authenticators/assurance.ts';
import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import { isOpen } from '#store/people/state.ts';
import { type Partner, partnerColumns, partnerOf, type User, userColumns, userOf } from '#store/people/users.ts';
import type { Channel, SessionTable } from '#store/sessions/tables.ts';

/** The result of a finished sign-in, with the current data of the person and the partner. */
export type Session = {
  readonly id: string;
  readonly channel: Channel;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  readonly amr: readonly string[];
  /** When the second factor of this sign-in was proven. */
  readonly secondFactorAt: number | undefined;
  readonly authTime: number;
  readonly stepUpAt: number | undefined;
  readonly stepUpMethod: StepUpMethod | undefined;
  readonly stepUpTo: string | undefined;
  readonly continueTo: string;
  readonly notice: string | undefined;
  readonly deviceId: string | undefined;
  /** The trusted device that stood in for the second factor of this sign-in. */
  readonly trustedDeviceId: string | undefined;
  readonly address: string | undefined;
  readonly userAgent: string | undefined;
  /** Until this time, unacknowledged recovery codes can be shown again. */
  readonly codesCopyExpiresAt: number | undefined;
  readonly user: User;
  readonly partner: Partner | undefined;
};

/** How the column stores a method: SQLite cannot change the check of a column, and a passkey came after it. */
export function stepUpColumn(method: StepUpMethod): SessionTable['step_up_method'] {
  return method === 'passkey' ? null : method;
}

/** The session of a token; the caller must check `isLiveSession`. Disabled people and archived partners have none. */
export async function findSession(queries: Queries, tokenHash: string, channel: Channel): Promise<Session | undefined> {
  const row = await findByToken.first(queries, { tokenHash, channel });
  return row && sessionOf(row);
}

/** The same by id, to check whether the session that a guard found still exists. */
export async function findSessionById(queries: Queries, id: string): Promise<Session | undefined> {
  const row = await findById.first(queries, { id });
  return row && sessionOf(row);
}

const findByToken = statement((db: Queries, p: Param<{ tokenHash: string; channel: Channel }>) =>
  openSessions(db).where('s.token_hash', '=', p.tokenHash).where('s.channel', '=', p.channel),
);

const findById = statement((db: Queries, p: Param<{ id: string }>) => openSessions(db).where('s.id', '=', p.id));

function openSessions(db: Queries) {
  return db
    .selectFrom('sessions as s')
    .innerJoin('users as u', 'u.id', 's.user_id')
    .leftJoin('partners as p', 'p.id', 'u.partner_id')
    .leftJoin('recovery_code_sets as c', 'c.user_id', 's.user_id')
    .select([...sessionColumns, 'c.copy_expires_at', ...userColumns, ...partnerColumns])
    .where(isOpen);
}

export async function createSession(tx: Queries, session: SessionTable): Promise<void> {
  await insertSession.send(tx, session);
}

const insertSession = statement((db: Queries, p: Param<SessionTable>) =>
  db.insertInto('sessions').values({
    id: p.id,
    token_hash: p.token_hash,
    channel: p.channel,
    user_id: p.user_id,
    created_at: p.created_at,
    last_seen_at: p.last_seen_at,
    expires_at: p.expires_at,
    amr: p.amr,
    second_factor_at: p.second_factor_at,
    auth_time: p.auth_time,
    step_up_at: p.step_up_at,
    step_up_method: p.step_up_method,
    step_up_to: p.step_up_to,
    continue_to: p.continue_to,
    notice: p.notice,
    device_id: p.device_id,
    trusted_device_id: p.trusted_device_id,
    address: p.address,
    user_agent: p.user_agent,
  }),
);

/** Replaces a session. Protected hosts stay signed in, and a grant retains the `sid` that its client knows. */
export async function replaceSession(tx: Queries, userId: string, oldId: string, newId: string): Promise<void> {
  const move = { session_id: newId };
  await tx.updateTable('oidc_grants').set(move).where('session_id', '=', oldId).execute();
  await tx.updateTable('site_sessions').set(move).where('session_id', '=', oldId).execute();
  await tx.deleteFrom('sessions').where('id', '=', oldId).where('user_id', '=', userId).execute();
}

/** A session without use since `idleSince` has expired. */
type Eviction = { readonly keep: number; readonly now: number; readonly idleSince: number };

/** Deletes all except the `keep` newest live sessions of a user. Housekeeping deletes expired ones. */
export async function evictSessions(tx: Queries, userId: string, eviction: Eviction): Promise<number> {
  const row = await countOfUser.first(tx, { userId });
  // Few users have too many sessions, and finding the newest costs several times a count.
  return Number(row?.count) > eviction.keep ? evictOldest.run(tx, { userId, ...eviction }) : 0;
}

const countOfUser = statement((db: Queries, p: Param<{ userId: string }>) =>
  db
    .selectFrom('sessions')
    .select((sessions) => sessions.fn.countAll().as('count'))
    .where('user_id', '=', p.userId),
);

const evictOldest = statement((db: Queries, p: Param<Eviction & { userId: string }>) =>
  db
    .deleteFrom('sessions')
    .where('user_id', '=', p.userId)
    .where('expires_at', '>', p.now)
    .where('last_seen_at', '>', p.idleSince)
    .where('id', 'not in', (query) =>
      query
        .selectFrom('sessions')
        .select('id')
        .where('user_id', '=', p.userId)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(p.keep),
    ),
);

const sessionColumns = [
  's.id',
  's.channel',
  's.created_at',
  's.last_seen_at',
  's.expires_at',
  's.amr',
  's.second_factor_at',
  's.auth_time',
  's.step_up_at',
  's.step_up_method',
  's.step_up_to',
  's.continue_to',
  's.notice',
  's.device_id',
  's.trusted_device_id',
  's.address',
  's.user_agent',
] as const;

type SessionRow = Omit<SessionTable, 'token_hash' | 'user_id'> & { copy_expires_at: number | null } & Parameters<
    typeof userOf
  >[0] &
  Parameters<typeof partnerOf>[0];

function sessionOf(row: SessionRow): Session {
  return {
    id: row.id,
    channel: row.channel,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    expiresAt: row.expires_at,
    amr: row.amr.split(' '),
    secondFactorAt: row.second_factor_at ?? undefined,
    authTime: row.auth_time,
    stepUpAt: row.step_up_at ?? undefined,
    stepUpMethod: row.step_up_at === null ? undefined : (row.step_up_method ?? 'passkey'),
    stepUpTo: row.step_up_to ?? undefined,
    continueTo: row.continue_to,
    notice: row.notice ?? undefined,
    deviceId: row.device_id ?? undefined,
    trustedDeviceId: row.trusted_device_id ?? undefined,
    address: row.address ?? undefined,
    userAgent: row.user_agent ?? undefined,
    codesCopyExpiresAt: row.copy_expires_at ?? undefined,
    user: userOf(row),
    partner: partnerOf(row),
  };
}
