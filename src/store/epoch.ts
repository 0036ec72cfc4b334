import type { Queries } from './database.ts';

/** What ended when a backup was put in the place of the data. */
export type Ended = {
  readonly sessions: number;
  readonly signIns: number;
  readonly links: number;
  readonly devices: number;
  /** Not yet sent when the backup was made. */
  readonly mails: number;
};

/**
 * Ends everything in a restored database that may have been ended since: whoever has its token has no right to it.
 *
 * Known devices too: one that was forgotten at a change of password would be known again. Codes up to `step` count as
 * used: a backup does not know which were.
 *
 * @param step the newest step that a code can have been accepted for
 */
export async function beginEpoch(tx: Queries, step: number): Promise<Ended> {
  const counted = async (work: Promise<{ numDeletedRows: bigint }>): Promise<number> =>
    Number((await work).numDeletedRows);
  await tx.deleteFrom('enrollments').execute();
  await tx.updateTable('authenticators').set({ last_used_step: step }).where('last_used_step', '<', step).execute();
  await tx.updateTable('recovery_code_sets').set({ sealed_copy: null, copy_expires_at: null }).execute();
  return {
    sessions: await counted(tx.deleteFrom('sessions').executeTakeFirst()),
    signIns: await counted(tx.deleteFrom('pending_sign_ins').executeTakeFirst()),
    links: await counted(tx.deleteFrom('links').executeTakeFirst()),
    devices: await counted(tx.deleteFrom('devices').executeTakeFirst()),
    mails: await counted(tx.deleteFrom('outbox').where('sent_at', 'is', null).executeTakeFirst()),
  };
}
