import type { StepUpMethod } from '#core/authenticators/assurance.ts';
import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import { stepUpColumn } from '#store/sessions/sessions.ts';
import type { SessionTable } from '#store/sessions/tables.ts';

/** A person's sessions, newest first. */
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

/** Stores a use of the session. As an update, it cannot bring back a session that was deleted meanwhile. */
export async function touchSession(tx: Queries, id: string, now: number): Promise<void> {
  await touch.run(tx, { id, now });
}

const touch = statement((db: Queries, p: Param<{ id: string; now: number }>) =>
  db.updateTable('sessions').set({ last_seen_at: p.now }).where('id', '=', p.id).where('last_seen_at', '<', p.now),
);

export async function setStepUpTarget(tx: Queries, id: string, path: string): Promise<void> {
  await tx.updateTable('sessions').set({ step_up_to: path }).where('id', '=', id).execute();
}

/** Stores the notice for the next page; false, without a change, if the session was deleted meanwhile. */
export async function setNotice(tx: Queries, id: string, notice: string | null): Promise<boolean> {
  return changeSession(tx, id, { notice });
}

/** Raises a session after a proof: the method and its time, and for a page a new token. False if the session was deleted meanwhile. */
export async function raiseSession(
  tx: Queries,
  id: string,
  rise: { tokenHash: string | undefined; now: number; method: StepUpMethod; amr: string },
): Promise<boolean> {
  const { tokenHash, now, method, amr } = rise;
  const proven = { auth_time: now, step_up_at: now, step_up_method: stepUpColumn(method), amr };
  const token = tokenHash === undefined ? {} : { token_hash: tokenHash };
  const changed = await changeSession(tx, id, { ...token, ...proven, step_up_to: null });
  if (!changed || method === 'password') return changed;
  // This is the session's first factor beside the password.
  const first = tx.updateTable('sessions').set({ second_factor_at: now }).where('second_factor_at', 'is', null);
  await first.where('id', '=', id).execute();
  return true;
}

/** Links a session to its new device row, after the old one was forgotten. */
export async function setSessionDevice(tx: Queries, id: string, deviceId: string): Promise<void> {
  await tx.updateTable('sessions').set({ device_id: deviceId }).where('id', '=', id).execute();
}

/** Adds the second factor after the session's own enrollment was confirmed. `tokenHash` is of a new token, if there is one. */
export async function addSecondFactor(
  tx: Queries,
  id: string,
  proof: { tokenHash?: string | undefined; now: number; method: StepUpMethod; amr: string; expiresAt: number },
): Promise<boolean> {
  return changeSession(tx, id, {
    ...(proof.tokenHash !== undefined && { token_hash: proof.tokenHash }),
    second_factor_at: proof.now,
    auth_time: proof.now,
    amr: proof.amr,
    step_up_at: proof.now,
    step_up_method: stepUpColumn(proof.method),
    expires_at: proof.expiresAt,
  });
}

async function changeSession(tx: Queries, id: string, values: Partial<SessionTable>): Promise<boolean> {
  const { numUpdatedRows } = await tx.updateTable('sessions').set(values).where('id', '=', id).executeTakeFirst();
  return numUpdatedRows === 1n;
}
