import { z } from 'zod';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { checkPolicyCsv, POLICY_CSV_BYTES } from '#flows/bulk/csv-changes.ts';
import { prepareBulk, startBulk, stopBulk, undoBulk } from '#flows/bulk/start.ts';
import { idempotent } from '#flows/runtime/idempotency.ts';
import { type ApiCall, api, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { type BulkJob, findBulkJob, listBulkJobsAfter } from '#store/bulk/jobs.ts';
import { listBulkPartners } from '#store/bulk/preview.ts';
import { bulkItemRecord, bulkJobRecord } from '#wire/bulk-records.ts';
import { actorOf, idempotencyKeyOf } from './acting.ts';
import { readPage } from './page-of-rows.ts';
import { bulkItemSchema, bulkJobSchema, pageOf } from './schemas.ts';
import { pageQuery } from './shared-api.ts';

const JOBS = '/api/v1/bulk-jobs';
const ONE = `${JOBS}/:job`;

const itemStates = z.enum(['waiting', 'done', 'unchanged', 'failed']);
const newJob = z.strictObject({
  csv: typed('csv').meta({
    description: 'Rows of `slug,policy,from` below a first row with these names; up to 10,000 rows and 1 MiB.',
  }),
  reason: typed('reason').meta({ description: 'Kept in the audit log, in the event of each partner.' }),
  dryRun: z.boolean().meta({ description: 'Check every row, and change nothing.' }).optional(),
});
const reasonBody = z.strictObject({ reason: typed('reason') });
const startAnswer = z.strictObject({
  job: bulkJobSchema.nullable().meta({ description: 'Null after a dry run.' }),
  rows: z.int(),
  faults: z.array(z.strictObject({ line: z.int(), fault: z.string() })).meta({ description: 'The first 500.' }),
  faultCount: z.int(),
});

/** Changes of many partners at once: started, looked at, stopped and undone. */
export const bulkApi: readonly Route[] = [
  api({
    method: 'GET',
    path: JOBS,
    guard: 'apiKey:partners:read',
    summary: 'List bulk jobs of the last 30 days',
    query: z.strictObject(pageQuery),
    answer: pageOf(bulkJobSchema),
    refusals: [],
    handle: ({ env, query }) =>
      readPage('bulk jobs', query, {
        list: (page) => listBulkJobsAfter(env.db.read, page),
        idOf: ({ id }) => id,
        show: bulkJobRecord,
      }),
  }),
  api({
    method: 'POST',
    path: JOBS,
    guard: 'apiKey:partners:write',
    summary: 'Change the policies of many partners by CSV: check every row, then start a job',
    body: newJob,
    bodyBytes: 2 * POLICY_CSV_BYTES,
    answer: startAnswer,
    idempotent: true,
    refusals: [],
    handle: startByCsv,
  }),
  api({
    method: 'GET',
    path: ONE,
    guard: 'apiKey:partners:read',
    summary: 'Read a bulk job and how far it is',
    answer: bulkJobSchema,
    refusals: ['not_found'],
    async handle({ env, params }) {
      const job = await findBulkJob(env.db.read, params.job ?? '');
      return job ? bulkJobRecord(job) : refuse('not_found', { reason: 'bulk_job' });
    },
  }),
  api({
    method: 'GET',
    path: `${ONE}/items`,
    guard: 'apiKey:partners:read',
    summary: 'List the items of a bulk job: what became of each partner',
    query: z.strictObject({ ...pageQuery, state: itemStates.optional() }),
    answer: pageOf(bulkItemSchema),
    refusals: ['not_found'],
    async handle({ env, params, query }) {
      const id = params.job ?? '';
      if (!(await findBulkJob(env.db.read, id))) return refuse('not_found', { reason: 'bulk_job' });
      const states = query.state && [query.state];
      return readPage(`bulk items ${id}`, query, {
        list: ({ afterId, limit }) => listBulkPartners(env.db.read, id, { after: Number(afterId) || 0, limit, states }),
        idOf: ({ position }) => String(position),
        show: bulkItemRecord,
      });
    },
  }),
  api({
    method: 'POST',
    path: `${ONE}/undo`,
    guard: 'apiKey:partners:write',
    summary: 'Put back what a bulk job changed, where nobody has changed it since: a job of its own',
    body: reasonBody,
    answer: bulkJobSchema,
    idempotent: true,
    refusals: ['not_found', 'forbidden'],
    handle(call) {
      const id = call.params.job ?? '';
      const key = idempotencyKeyOf(call, `undo bulk job ${id}`, call.input);
      const undo = { id, reason: call.input.reason };
      return idempotent(call.env, key, (around) => undoBulk(call.env, actorOf(call), undo, around), bulkJobRecord);
    },
  }),
  api({
    method: 'POST',
    path: `${ONE}/stop`,
    guard: 'apiKey:partners:write',
    summary: 'Stop a bulk job before its next item; what is done stays',
    answer: bulkJobSchema,
    refusals: ['not_found'],
    async handle(call) {
      const job = await stopBulk(call.env, actorOf(call), call.params.job ?? '');
      return isRefusal(job) ? job : bulkJobRecord(job);
    },
  }),
];

type StartCall = ApiCall<'apiKey:partners:write', z.output<typeof newJob>>;

async function startByCsv(call: StartCall): Promise<z.output<typeof startAnswer> | Refusal> {
  const { env, input } = call;
  const checked = await checkPolicyCsv(env, Buffer.from(input.csv));
  if (isRefusal(checked)) return checked;
  const { rows, faultCount, items } = checked;
  const faults = [...checked.faults];
  if (input.dryRun) return { job: null, rows, faults, faultCount };
  if (faultCount > 0) return refuse('invalid_request', { reason: 'csv_faults' });
  if (input.reason.trim() === '') return refuse('invalid_request', { reason: 'reason_missing' });
  const key = idempotencyKeyOf(call, 'start bulk job', input);
  return idempotent<BulkJob, z.output<typeof startAnswer>>(
    env,
    key,
    async (around) => {
      const prepared = await prepareBulk(env, actorOf(call), { kind: 'policy' }, items);
      if (isRefusal(prepared)) return prepared;
      return startBulk(env, actorOf(call), { id: prepared.id, reason: input.reason }, around);
    },
    (job) => ({ job: bulkJobRecord(job), rows, faults, faultCount }),
  );
}
