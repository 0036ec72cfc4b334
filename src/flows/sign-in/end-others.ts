import type { AuditDetail } from '#core/audit/actions.ts';
import type { Client } from '#core/sessions/client.ts';
import type { Env } from '#env.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { endTrustedDevices } from '#flows/trusted-devices/end.ts';
import { deleteEnrollments } from '#store/authenticators/enrollments.ts';
import type { Queries } from '#store/engine/database.ts';
import type { User } from '#store/people/users.ts';
import { endSessions } from '#store/sessions/endings.ts';
import { deletePendingSignIns } from '#store/sign-in/pending-changes.ts';

/**
 * Ends all other sessions and pending sign-ins of a user, their enrollments and, for most reasons, their trusted
 * devices; returns the number of sessions.
 */
export async function endOthers(
  env: Env,
  tx: Queries,
  whose: { user: User; keepSessionId: string; keepPendingId?: string; client: Client },
  reason: NonNullable<AuditDetail<'sessions.ended_others'>['reason']>,
): Promise<number> {
  const { user, client } = whose;
  const sessions = await endSessions(tx, { userId: user.id }, { keepId: whose.keepSessionId });
  await deletePendingSignIns(tx, user.id, whose.keepPendingId ?? '');
  await deleteEnrollments(tx, user.id);
  await endTrustedDevices(env, tx, { ...whose, actor: user.id }, reason);
  await appendEvent(
    env,
    tx,
    {
      action: 'sessions.ended_others',
      actor: user.id,
      subject: user.id,
      partner: user.partnerId,
      detail: { sessions, reason },
    },
    client,
  );
  return sessions;
}
