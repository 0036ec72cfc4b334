import type { Client } from '#core/sessions/client.ts';
import { noticeText } from '#core/sessions/notice.ts';
import { isLiveSession } from '#core/sessions/session.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { ownTransaction } from '#flows/runtime/acting.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import { endOthers } from '#flows/sign-in/end-others.ts';
import { endOneSession } from '#flows/sign-in/sign-out.ts';
import type { Queries } from '#store/engine/database.ts';
import type { GrantedSession } from '#store/sessions/granted.ts';
import { listSessions, setNotice } from '#store/sessions/session-changes.ts';
import type { Session } from '#store/sessions/sessions.ts';
import type { SessionTable } from '#store/sessions/tables.ts';

/** One device where the person is signed in. */
export type Place = {
  readonly id: string;
  readonly isThis: boolean;
  readonly userAgent: string | undefined;
  readonly address: string | undefined;
  readonly lastSeenAt: number;
};

/** Every live session of the person, this one first. */
export async function listPlaces(env: Env, session: Session): Promise<readonly Place[]> {
  const now = env.now();
  const rows = await listSessions(env.db.read, session.user.id);
  const places = rows.filter((row) => isLive(row, session, now)).map((row) => placeOf(row, session));
  return places.toSorted((one, other) => Number(other.isThis) - Number(one.isThis));
}

function isLive({ last_seen_at, expires_at }: SessionTable, { user }: Session, now: number): boolean {
  return isLiveSession({ lastSeenAt: last_seen_at, expiresAt: expires_at }, user.role, now);
}

function placeOf(row: SessionTable, session: Session): Place {
  return {
    id: row.id,
    isThis: row.id === session.id,
    userAgent: row.user_agent ?? undefined,
    address: row.address ?? undefined,
    lastSeenAt: row.last_seen_at,
  };
}

/** Ends one of the person's own sessions. Another person's id is treated as unknown. */
export async function endSession(env: Env, session: GrantedSession, id: string, client: Client): Promise<void> {
  const ended = { id, user: session.user, reason: 'by_user' } as const;
  await ownTransaction(env, session, (tx) => endOneSession(env, tx, ended, client));
}

/** Ends every other session. A session that was ended in the meantime ends no other. */
export function endOtherSessions(
  env: Env,
  session: GrantedSession,
  client: Client,
  around: Around<true> = plainly,
): Promise<true | Refusal> {
  const end = async (tx: Queries): Promise<true | Refusal> => {
    const ended = await endOthers(env, tx, { user: session.user, keepSessionId: session.id, client }, 'by_user');
    const isSaved = await setNotice(tx, session.id, noticeText({ kind: 'sessions_ended', ended }));
    return isSaved || refuse('sign_in_expired');
  };
  return ownTransaction<true>(env, session, (tx) => around(tx, () => end(tx)));
}
