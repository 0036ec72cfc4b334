import type { Misuse, Output } from '#cli/command.ts';
import { faultLines, outcomeOf, readCsvFile, showProgress } from '#cli/csv-file.ts';
import { ACTOR, withEnv } from '#cli/open.ts';
import { refusalLine } from '#cli/refusal-line.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { counted } from '#core/values/text.ts';
import type { Env } from '#env.ts';
import { type CheckedCsv, checkPolicyCsv, POLICY_CSV_BYTES } from '#flows/bulk/csv-changes.ts';
import { prepareBulk, startBulk } from '#flows/bulk/start.ts';
import { workOffOne } from '#flows/bulk/work.ts';
import { listBulkPartners } from '#store/bulk/preview.ts';
import { bulkItemRecord, bulkJobRecord } from '#wire/bulk-records.ts';

type Options = {
  readonly file: string;
  readonly 'dry-run': boolean;
  readonly reason: string | undefined;
  readonly from: string | undefined;
};

/** Failures that are printed; the console and the API have all of them. */
const FAILURES_SHOWN = 200;

/** Changes the policies of many partners as a file says. Every row is checked before anything happens. */
export async function changeByFile(options: Options): Promise<Output | Misuse | Refusal> {
  const { file, reason, from } = options;
  if (from !== undefined) return { misuse: '--from is a column of the file' };
  if (!options['dry-run'] && (reason ?? '').trim() === '') return { misuse: '--reason must say why' };
  const bytes = readCsvFile(file, POLICY_CSV_BYTES);
  return withEnv(async (env) => {
    const checked = await checkPolicyCsv(env, bytes);
    if (isRefusal(checked)) return checked;
    if (checked.faultCount > 0) return faultyOutput(checked);
    return options['dry-run'] ? dryOutput(checked) : change(env, checked, reason ?? '');
  });
}

function faultyOutput({ rows, faults, faultCount }: CheckedCsv): Output {
  return {
    data: { rows, faults, faultCount },
    lines: faultLines(faults, faultCount),
    failed: refusalLine(refuse('invalid_request', { reason: 'csv_faults' })),
  };
}

function dryOutput({ rows, items }: CheckedCsv): Output {
  const same = items.filter(({ effect }) => effect === 'same').length;
  return {
    data: { rows, changes: rows - same, same, faults: [], faultCount: 0 },
    lines: [
      `${counted(rows, 'row')} without errors: ${rows - same} would change, ${same} would stay unchanged. Nothing was changed.`,
    ],
  };
}

async function change(env: Env, { items }: CheckedCsv, reason: string): Promise<Output | Refusal> {
  const prepared = await prepareBulk(env, ACTOR, { kind: 'policy' }, items);
  if (isRefusal(prepared)) return prepared;
  const started = await startBulk(env, ACTOR, { id: prepared.id, reason });
  if (isRefusal(started)) return started;
  const job = await workOffOne(env, prepared.id, showProgress);
  const page = { after: 0, limit: FAILURES_SHOWN, states: ['failed'] as const };
  const failures = await listBulkPartners(env.db.read, job.id, page);
  const lines = faultLines(
    failures.map(({ line, note }) => ({ line, fault: note ?? '' })),
    job.failed,
  );
  return outcomeOf(job, { ...bulkJobRecord(job), failures: failures.map(bulkItemRecord) }, lines);
}
