import type { Mouth, Queries, SessionTable } from './database.ts';
import { type Param, statement } from './statement.ts';
import { type Partner, partnerColumns, partnerOf, type User, userColumns, userOf } from './users.ts';

/** What exists after a finished sign-in; with the person and the partner as they are now. */
export type Session = {
  readonly id: string;
  readonly mouth: Mouth;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  readonly amr: readonly string[];
  /** When the second factor of this sign-in was proven. */
  readonly secondFactorAt: number | undefined;
  readonly authTime: number;
  readonly stepUpAt: number | undefined;
  readonly stepUpMethod: SessionTable['step_up_method'];
  readonly stepUpTo: string | undefined;
  readonly continueTo: string;
  readonly notice: string | undefined;
  readonly deviceId: string | undefined;
  readonly address: string | undefined;
  readonly userAgent: string | undefined;
  /** Until when recovery codes that were not yet acknowledged can be shown again. */
  readonly codesCopyExpiresAt: number | undefined;
  readonly user: User;
  readonly partner: Partner | undefined;
};

/** The session of a token, live or not: the caller asks `isLiveSession`. A disabled user has none, nor has anybody of an archived partner. */
export async function findSession(queries: Queries, tokenHash: string, mouth: Mouth): Promise<Session | undefined> {
  const row = await findByToken.first(queries, { tokenHash, mouth });
  return row && sessionOf(row);
}

const findByToken = statement((db: Queries, p: Param<{ tokenHash: string; mouth: Mouth }>) =>
  db
    .selectFrom('sessions as s')
    .innerJoin('users as u', 'u.id', 's.user_id')
    .leftJoin('partners as p', 'p.id', 'u.partner_id')
    .leftJoin('recovery_code_sets as c', 'c.user_id', 's.user_id')
    .select([...sessionColumns, 'c.copy_expires_at', ...userColumns, ...partnerColumns])
    .where('s.token_hash', '=', p.tokenHash)
    .where('s.mouth', '=', p.mouth)
    .where('u.disabled_at', 'is', null)
    .where('p.archived_at', 'is', null),
);

/** A person's sessions, the newest first. */
export async function listSessions(queries: Queries, userId: string): Promise<readonly SessionTable[]> {
  return listByUser.all(queries, { userId });
}

const listByUser = statement((db: Queries, p: Param<{ userId: string }>) =>
  db
    .selectFrom('sessions')
    .selectAll()
    .where('user_id', '=', p.userId)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc'),
);

export async function createSession(tx: Queries, session: SessionTable): Promise<void> {
  await insertSession.run(tx, session);
}

const insertSession = statement((db: Queries, p: Param<SessionTable>) =>
  db.insertInto('sessions').values({
    id: p.id,
    token_hash: p.token_hash,
    mouth: p.mouth,
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
    address: p.address,
    user_agent: p.user_agent,
  }),
);

/** Ends all but the `keep` newest sessions of a user. */
export async function evictSessions(tx: Queries, userId: string, keep: number): Promise<number> {
  const row = await countOfUser.first(tx, { userId });
  // Nearly nobody has too many, and finding the newest costs several times a count.
  return Number(row?.count) > keep ? evictOldest.run(tx, { userId, keep }) : 0;
}

const countOfUser = statement((db: Queries, p: Param<{ userId: string }>) =>
  db
    .selectFrom('sessions')
    .select((sessions) => sessions.fn.countAll().as('count'))
    .where('user_id', '=', p.userId),
);

const evictOldest = statement((db: Queries, p: Param<{ userId: string; keep: number }>) =>
  db
    .deleteFrom('sessions')
    .where('user_id', '=', p.userId)
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

/** Ends one session; answers how many rows that was, so that a second caller knows it came too late. */
export async function deleteSession(tx: Queries, id: string, userId: string): Promise<number> {
  return deleteOne.run(tx, { id, userId });
}

const deleteOne = statement((db: Queries, p: Param<{ id: string; userId: string }>) =>
  db.deleteFrom('sessions').where('id', '=', p.id).where('user_id', '=', p.userId),
);

/** Ends every session of a user but one; answers how many. Pass `''` to keep none. */
export async function deleteOtherSessions(tx: Queries, userId: string, keepId: string): Promise<number> {
  return deleteOthers.run(tx, { userId, keepId });
}

const deleteOthers = statement((db: Queries, p: Param<{ userId: string; keepId: string }>) =>
  db.deleteFrom('sessions').where('user_id', '=', p.userId).where('id', '!=', p.keepId),
);

/** Notes that the session was used; conditional, so that a session ended meanwhile stays ended. */
export async function touchSession(tx: Queries, id: string, now: number): Promise<void> {
  await touch.run(tx, { id, now });
}

const touch = statement((db: Queries, p: Param<{ id: string; now: number }>) =>
  db.updateTable('sessions').set({ last_seen_at: p.now }).where('id', '=', p.id).where('last_seen_at', '<', p.now),
);

export async function setStepUpTarget(tx: Queries, id: string, path: string): Promise<void> {
  await tx.updateTable('sessions').set({ step_up_to: path }).where('id', '=', id).execute();
}

/** What this session is told next. Answers false when it has ended meanwhile: what it was about to change stays. */
export async function setNotice(tx: Queries, id: string, notice: string | null): Promise<boolean> {
  return changeSession(tx, id, { notice });
}

/** A rise of privilege: a new token, the proof and its time. Answers false when the session has ended meanwhile. */
export async function raiseSession(
  tx: Queries,
  id: string,
  rise: { tokenHash: string; now: number; method: NonNullable<SessionTable['step_up_method']> },
): Promise<boolean> {
  const { tokenHash, now, method } = rise;
  return changeSession(tx, id, { token_hash: tokenHash, step_up_at: now, step_up_method: method, step_up_to: null });
}

/** The device of a session was forgotten and known anew. */
export async function setSessionDevice(tx: Queries, id: string, deviceId: string): Promise<void> {
  await tx.updateTable('sessions').set({ device_id: deviceId }).where('id', '=', id).execute();
}

/** The session's own enrollment was confirmed: its second factor is proven, under a new token. */
export async function addSecondFactor(
  tx: Queries,
  id: string,
  proof: { tokenHash: string; now: number; amr: string; expiresAt: number },
): Promise<boolean> {
  return changeSession(tx, id, {
    token_hash: proof.tokenHash,
    second_factor_at: proof.now,
    auth_time: proof.now,
    amr: proof.amr,
    step_up_at: proof.now,
    step_up_method: 'totp',
    expires_at: proof.expiresAt,
  });
}

async function changeSession(tx: Queries, id: string, values: Partial<SessionTable>): Promise<boolean> {
  const { numUpdatedRows } = await tx.updateTable('sessions').set(values).where('id', '=', id).executeTakeFirst();
  return numUpdatedRows === 1n;
}

const sessionColumns = [
  's.id',
  's.mouth',
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
    mouth: row.mouth,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    expiresAt: row.expires_at,
    amr: row.amr.split(' '),
    secondFactorAt: row.second_factor_at ?? undefined,
    authTime: row.auth_time,
    stepUpAt: row.step_up_at ?? undefined,
    stepUpMethod: row.step_up_method,
    stepUpTo: row.step_up_to ?? undefined,
    continueTo: row.continue_to,
    notice: row.notice ?? undefined,
    deviceId: row.device_id ?? undefined,
    address: row.address ?? undefined,
    userAgent: row.user_agent ?? undefined,
    codesCopyExpiresAt: row.copy_expires_at ?? undefined,
    user: userOf(row),
    partner: partnerOf(row),
  };
}
