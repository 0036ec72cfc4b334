import type { Client } from '#core/sessions/client.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { deleteSession } from '#store/sessions/session-changes.ts';
import type { Session } from '#store/sessions/sessions.ts';

/** Ends this session; a second sign-out changes nothing. */
export async function signOut(env: Env, { id, user }: Pick<Session, 'id' | 'user'>, client: Client): Promise<void> {
  await env.db.transaction(async (tx) => {
    if ((await deleteSession(tx, id, user.id)) === 0) return;
    const whose = { actor: user.id, subject: user.id, partner: user.partnerId };
    const detail = { sessionId: id, reason: 'sign_out' } as const;
    await appendEvent(env, tx, { action: 'session.ended', ...whose, detail }, client);
  });
}
