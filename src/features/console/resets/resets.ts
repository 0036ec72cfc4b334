import { RESET_REQUEST_SECONDS } from '#core/sessions/session.ts';
import type { Env } from '#env.ts';
import { IDENTITY_CHECKS, mayApprove, waitingSince } from '#flows/administration/reset-requests.ts';
import { listResetRequests, type ResetRequest } from '#store/people/reset-requests.ts';

const SHOWN = 200;

export type WaitingReset = ResetRequest & {
  readonly checked_by: (typeof IDENTITY_CHECKS)[number];
  readonly expiresAt: number;
  /** Whether the reader requested it, and whether they may approve it. */
  readonly isOwn: boolean;
  readonly mayApprove: boolean;
};

/** The waiting resets, oldest first, as this member of staff sees them. */
export async function readWaitingResets(env: Env, readerId: string): Promise<readonly WaitingReset[]> {
  const { read } = env.db;
  const rows = await listResetRequests(read, { since: waitingSince(env), limit: SHOWN });
  const shown: WaitingReset[] = [];
  for (const row of rows) {
    shown.push({
      ...row,
      checked_by: IDENTITY_CHECKS.find((known) => known === row.checked_by) ?? 'other',
      expiresAt: row.requested_at + RESET_REQUEST_SECONDS,
      isOwn: row.asker_id === readerId,
      mayApprove: await mayApprove(env, read, row, readerId),
    });
  }
  return shown;
}

export async function findWaitingReset(env: Env, id: string, readerId: string): Promise<WaitingReset | undefined> {
  return (await readWaitingResets(env, readerId)).find((one) => one.id === id);
}
