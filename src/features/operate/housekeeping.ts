import { RESET_REQUEST_SECONDS } from '#core/sessions/session.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import type { Env } from '#env.ts';
import type { Job } from '#flows/runtime/jobs.ts';
import { rotateSigningKeys } from '#flows/runtime/signing-keys.ts';
import { eraseExpiredCodesCopies } from '#store/authenticators/recovery-codes.ts';
import { deleteOldBulkJobs } from '#store/bulk/jobs.ts';
import type { Queries } from '#store/engine/database.ts';
import { deleteExpiredRows } from '#store/operations/housekeeping.ts';
import { listAdoptionDays, setAdoptionDay, sumPolicies } from '#store/partners/adoption.ts';
import { listChangedPartners, setPartnerDays } from '#store/partners/partner-days.ts';
import { endReservations } from '#store/people/former-emails.ts';
import { deleteOldResetRequests } from '#store/people/reset-requests.ts';
import { fillSearchKeys } from '#store/people/search.ts';
import { deleteOldDeliveries } from '#store/queue/delivery-queue.ts';
import { pruneAudit } from './audit.ts';
import { closeOverRefusals } from './refusals.ts';

const EVERY_SECONDS = 60;
// One batch is one transaction of some milliseconds, and sign-ins wait for it.
const ROWS_PER_TRANSACTION = 200;
// Questions about a sent mail come within weeks.
const MAIL_DAYS = 30;
// An undo comes within weeks. Until then a job also keeps what was imported.
const BULK_DAYS = 30;
const BULK_DRAFT_DAYS = 1;

/** Deletes expired rows, each minute. Only the size of the database depends on it. */
export function housekeepingJob(env: Env): Job {
  return {
    name: 'housekeeping',
    everySeconds: EVERY_SECONDS,
    async run({ isStopping }) {
      await tidy(env, isStopping);
      await rotateSigningKeys(env);
      await noteAdoption(env);
      await noteDaysOfPartners(env, isStopping);
      await env.db.transaction((tx) => fillSearchKeys(tx, ROWS_PER_TRANSACTION));
      await pruneByRetention(env);
      await closeOverRefusals(env, isStopping);
    },
  };
}

/**
 * One round. First it removes expired sealed copies of recovery codes, from the database log too. Then it deletes dead
 * rows batch by batch until none is left: it deletes faster than strangers can write, and others can write between two
 * batches.
 */
export async function tidy(env: Pick<Env, 'db' | 'now'>, isStopping = () => false): Promise<void> {
  const now = env.now();
  await env.db.transaction((tx) => eraseExpiredCodesCopies(tx, now));
  await env.db.transaction(async (tx) => {
    await endReservations(tx, now);
    await deleteOldResetRequests(tx, now - RESET_REQUEST_SECONDS);
  });
  env.db.truncateLog();
  for (let deleted = ROWS_PER_TRANSACTION; deleted >= ROWS_PER_TRANSACTION && !isStopping(); ) {
    deleted = await env.db.transaction((tx) => deleteSome(tx, now));
  }
}

async function deleteSome(tx: Queries, now: number): Promise<number> {
  const rows = await deleteExpiredRows(tx, now, ROWS_PER_TRANSACTION);
  const old = { before: now - MAIL_DAYS * DAY_SECONDS, limit: ROWS_PER_TRANSACTION };
  const mails = await deleteOldDeliveries(tx, 'outbox', old);
  const days = (count: number) => now - count * DAY_SECONDS;
  const bulk = { draftsBefore: days(BULK_DRAFT_DAYS), endedBefore: days(BULK_DAYS), limit: ROWS_PER_TRANSACTION };
  const items = await deleteOldBulkJobs(tx, bulk);
  return Math.max(rows, mails, items, await deleteOldDeliveries(tx, 'webhook_deliveries', old));
}

/** Stores today's progress of the partners if it has changed. It is safe to repeat. */
export async function noteAdoption(env: Pick<Env, 'db' | 'now'>): Promise<void> {
  const now = env.now();
  const day = now - (now % DAY_SECONDS);
  const sums = await sumPolicies(env.db.read, now);
  const people = sums.reduce((sum, one) => sum + one.people, 0);
  const enrolled = sums.reduce((sum, one) => sum + one.enrolled, 0);
  const [noted] = await listAdoptionDays(env.db.read, day);
  if (noted?.people === people && noted.enrolled === enrolled) return;
  await env.db.transaction((tx) => setAdoptionDay(tx, { day, people, enrolled }));
}

/** The same for each partner whose people changed. */
export async function noteDaysOfPartners(env: Pick<Env, 'db' | 'now'>, isStopping = () => false): Promise<void> {
  const now = env.now();
  const day = now - (now % DAY_SECONDS);
  while (!isStopping()) {
    const changed = await listChangedPartners(env.db.read, ROWS_PER_TRANSACTION);
    if (changed.length > 0) await env.db.transaction((tx) => setPartnerDays(tx, day, changed));
    if (changed.length < ROWS_PER_TRANSACTION) return;
  }
}

/** Removes batches older than the retention. A batch that does not match the chain stays, with all later ones. */
export async function pruneByRetention(env: Env): Promise<void> {
  const { auditRetentionDays } = env.config;
  if (auditRetentionDays === undefined) return;
  const before = env.now() - auditRetentionDays * DAY_SECONDS;
  const { events, stoppedAt } = await pruneAudit(env, { before, actor: 'system' });
  if (events > 0) env.log.info({ events, before }, 'audit events were pruned by retention');
  if (stoppedAt !== undefined) env.log.error({ batch: stoppedAt }, 'retention stopped at a batch that does not fit');
}
