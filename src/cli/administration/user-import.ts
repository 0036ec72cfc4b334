import { basename } from 'node:path';
import { command, isMisuse, JSON_OPTION, type Misuse, type Output } from '#cli/command.ts';
import { faultLines, outcomeOf, readCsvFile, showProgress } from '#cli/csv-file.ts';
import { ACTOR, withEnv } from '#cli/open.ts';
import { refusalLine } from '#cli/refusal-line.ts';
import { readBegin } from '#cli/typed-time.ts';
import type { InviteMode } from '#core/bulk/import-row.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { counted } from '#core/values/text.ts';
import type { Env } from '#env.ts';
import { IMPORT_CSV_BYTES, prepareImport, settingsOf, startImport } from '#flows/bulk/import-job.ts';
import { stopBulk } from '#flows/bulk/start.ts';
import { workOffOne } from '#flows/bulk/work.ts';
import { listBulkItems } from '#store/bulk/items.ts';
import type { BulkJob } from '#store/bulk/jobs.ts';
import { bulkJobRecord } from '#wire/bulk-records.ts';

const FAULTS_SHOWN = 500;

/** Adds partners and people from a file. `import FILE` moves a whole database. */
export const userImport = command({
  words: 'user import',
  args: ['FILE'],
  options: {
    'dry-run': { about: 'check every row and add nothing' },
    invite: { value: 'now|never|YYYY-MM-DD', about: 'when people get their invitation; else never' },
    ...JSON_OPTION,
  },
  summary:
    'Adds partners and people from a CSV (partner,partner_name,policy,from,email,name,role), up to 100,000 rows. If a row has an error, nothing is added.',
  async run({ args, options }) {
    const invite = readInvite(options.invite ?? 'never');
    if (isMisuse(invite)) return invite;
    const bytes = readCsvFile(args.FILE, IMPORT_CSV_BYTES);
    return withEnv(async (env) => {
      const prepared = await prepareImport(env, ACTOR, bytes, 'checking');
      if (isRefusal(prepared)) return prepared;
      const job = await workOffOne(env, prepared.id);
      if (job.failed > 0) return faultyOutput(env, job);
      if (options['dry-run']) return dryOutput(env, job);
      return add(env, job, { reason: `import of ${basename(args.FILE)}`, invite });
    });
  },
});

function readInvite(typed: string): InviteMode | Misuse {
  if (typed === 'now' || typed === 'never') return typed;
  const at = readBegin('--invite', typed);
  return isMisuse(at) ? at : { at };
}

/** A draft that nobody can start any more: nothing was added. */
async function faultyOutput(env: Env, job: BulkJob): Promise<Output> {
  const faults = await faultsOf(env, job);
  await stopBulk(env, ACTOR, job.id);
  return {
    data: { rows: job.total, exist: job.unchanged, faults, faultCount: job.failed },
    lines: faultLines(faults, job.failed),
    failed: refusalLine(refuse('invalid_request', { reason: 'csv_faults' })),
  };
}

async function faultsOf(env: Env, { id }: BulkJob) {
  const items = await listBulkItems(env.db.read, id, { after: 0, limit: FAULTS_SHOWN, states: ['failed'] });
  return items.map(({ line, note }) => ({ line, fault: note ?? '' }));
}

async function dryOutput(env: Env, job: BulkJob): Promise<Output> {
  const { id, total, unchanged } = job;
  const { partners = 0, people = 0 } = settingsOf(job).adds ?? {};
  await stopBulk(env, ACTOR, id);
  const text = `${counted(total, 'row')} without errors: ${counted(partners, 'partner')} and ${counted(people, 'person', 'people')} would be added, ${counted(unchanged, 'row is', 'rows are')} there already. Nothing was added.`;
  return {
    data: { rows: total, adds: total - unchanged, partners, people, exist: unchanged, faults: [], faultCount: 0 },
    lines: [text],
  };
}

async function add(
  env: Env,
  { id }: BulkJob,
  how: { readonly reason: string; readonly invite: InviteMode },
): Promise<Output | Refusal> {
  const started = await startImport(env, ACTOR, { id, ...how });
  if (isRefusal(started)) return started;
  const job = await workOffOne(env, id, showProgress);
  const failures = await faultsOf(env, job);
  const lines = faultLines(failures, job.failed);
  return outcomeOf(job, { ...bulkJobRecord(job), failures }, lines);
}
