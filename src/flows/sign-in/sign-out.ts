import type { AuditDetail } from '#core/audit/actions.ts';
import type { Client } from '#core/sessions/client.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import type { Queries } from '#store/engine/database.ts';
import { deleteSession } from '#store/sessions/endings.ts';
import type { Session } from '#store/sessions/sessions.ts';

type Ended = Pick<Session, 'id' | 'user'> & {
  readonly reason: NonNullable<AuditDetail<'session.ended'>['reason']>;
};

/** Ends this session; a second sign-out changes nothing. */
export function signOut(env: Env, { id, user }: Pick<Session, 'id' | 'user'>, client: Client): Promise<void> {
  return env.db.transaction((tx) => endOneSession(env, tx, { id, user, reason: 'sign_out' }, client));
}

/** Ends one session of a person and logs it, once. */
export async function endOneSession(env: Env, tx: Queries, { id, user, reason }: Ended, client: Client): Promise<void> {
  if ((await deleteSession(tx, id, user.id)) === 0) return;
  const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
  await appendEvent(env, tx, { action: 'session.ended', ...whose, detail: { sessionId: id, reason } }, client);
}
