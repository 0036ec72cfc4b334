import type { Env } from '#env.ts';
import { IDENTITY_CHECKS } from '#flows/reset-requests.ts';
import { listResetRequests, type ResetRequest } from '#store/reset-requests.ts';

const SHOWN = 200;

export type WaitingReset = ResetRequest & { readonly checked_by: (typeof IDENTITY_CHECKS)[number] };

/** The resets that wait, the oldest first. */
export async function readWaitingResets(env: Env): Promise<readonly WaitingReset[]> {
  const rows = await listResetRequests(env.db.read, SHOWN);
  return rows.map((row) => ({
    ...row,
    checked_by: IDENTITY_CHECKS.find((known) => known === row.checked_by) ?? 'other',
  }));
}

export async function findWaitingReset(env: Env, id: string): Promise<WaitingReset | undefined> {
  return (await readWaitingResets(env)).find((one) => one.id === id);
}
