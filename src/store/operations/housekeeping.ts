import { DAY_SECONDS } from '#core/time/spans.ts';
import type { Queries } from '#store/engine/database.ts';
import { detachGrants } from '#store/oidc/grants.ts';
import { deleteExpiredOidcRows } from '#store/oidc/records.ts';

/** Tables whose rows have no meaning after `expires_at`. */
const PASSING = [
  ...(['enrollments', 'sessions', 'links', 'email_links', 'devices', 'idempotent_calls', 'shown_secrets'] as const),
  ...(['site_tickets', 'site_requests', 'passkey_challenges', 'trusted_devices', 'pasted_lists'] as const),
  // Only a replaced secret has an expiry.
  'webhook_secrets',
] as const;

// A finished sign-in still redirects a second submit to the right page.
const SIGNPOST_SECONDS = DAY_SECONDS;

/**
 * Deletes up to `limit` expired rows of each passing table, and returns the largest number deleted from one.
 *
 * This only saves space, because every read checks the expiry itself.
 */
export async function deleteExpiredRows(tx: Queries, now: number, limit: number): Promise<number> {
  const counts: number[] = [];
  await detachOverSessions(tx, now, limit);
  for (const table of PASSING) {
    const { numDeletedRows } = await tx
      .deleteFrom(table)
      .where('id', 'in', (e) =>
        e
          .selectFrom(table)
          .select('id')
          .where('expires_at', '<=', now)
          .orderBy('expires_at')
          .orderBy('id')
          .limit(limit),
      )
      .executeTakeFirst();
    counts.push(Number(numDeletedRows));
  }
  counts.push(await deleteExpiredOidcRows(tx, now, limit));
  counts.push(await deleteExpiredPendingSignIns(tx, now, limit), await deleteExpiredAttempts(tx, now, limit));
  return Math.max(...counts);
}

/** Detaches grants with `offline_access` from the expired sessions that are deleted next, so that the grants remain. */
async function detachOverSessions(tx: Queries, now: number, limit: number): Promise<void> {
  const over = tx
    .selectFrom('sessions')
    .select('id')
    .where('expires_at', '<=', now)
    .orderBy('expires_at')
    .orderBy('id');
  const rows = await over.limit(limit).execute();
  await detachGrants(
    tx,
    rows.map(({ id }) => id),
  );
}

async function deleteExpiredPendingSignIns(tx: Queries, now: number, limit: number): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('pending_sign_ins')
    .where('id', 'in', (e) =>
      e
        .selectFrom('pending_sign_ins')
        .select('id')
        .where('expires_at', '<=', now)
        .where((or) => or.or([or('completed_at', 'is', null), or('expires_at', '<=', now - SIGNPOST_SECONDS)]))
        .limit(limit),
    )
    .executeTakeFirst();
  return Number(numDeletedRows);
}

async function deleteExpiredAttempts(tx: Queries, now: number, limit: number): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('attempts')
    .where('key', 'in', (e) => e.selectFrom('attempts').select('key').where('expires_at', '<=', now).limit(limit))
    .executeTakeFirst();
  return Number(numDeletedRows);
}
