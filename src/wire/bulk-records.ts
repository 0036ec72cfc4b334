import { instant, instantOrNull } from '#core/time/day.ts';
import type { BulkJob } from '#store/bulk/jobs.ts';
import type { BulkPartner } from '#store/bulk/preview.ts';

/** A job over many, as the API and the command line show it. */
export function bulkJobRecord(job: BulkJob) {
  const { id, kind, state, reason, total, done, unchanged, failed } = job;
  return {
    ...{
      id,
      kind,
      state,
      stoppedBecause: job.stopped_because,
      reason,
      undoes: job.kind === 'undo' ? job.parent_id : null,
    },
    ...{ total, done, unchanged, failed },
    createdAt: instant(job.created_at),
    startedAt: instantOrNull(job.started_at ?? undefined),
    finishedAt: instantOrNull(job.finished_at ?? undefined),
  };
}

/** One item of a job: the line of its file, its partner, and why it changed nothing. */
export function bulkItemRecord({ position, line, state, note, partner }: BulkPartner) {
  return {
    ...{ position, line: line === 0 ? null : line, state, note },
    partner: partner ? { id: partner.id, slug: partner.slug, name: partner.name } : null,
  };
}
