import { z } from 'zod';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import { refusedWords } from '#features/console/frame-page.ts';
import { actorOf, doneOf, missing } from '#features/console/shared-routes.ts';
import { IMPORT_CSV_BYTES, mapColumns, prepareImport, startImport } from '#flows/bulk/import-job.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import { type ActCall, actPages } from '#http/pages/act-pages.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { csvWords } from './change-routes.ts';
import { columnsPage, importPage, importProgressPage, importStartPage } from './import-page.ts';
import {
  findImport,
  readColumns,
  readInvite,
  readInviting,
  readNoted,
  readTypedColumns,
  type ShownImport,
} from './import-read.ts';
import { readJobPage } from './read.ts';

const IMPORT = '/console/import';
const ONE = `${IMPORT}/:job`;

const word = typed('word').optional();
const uploadForm = z.object({ csv: typed('csv').optional() });
const columnsForm = z.object({
  ...{ partner: word, partner_name: word, policy: word, from: word, email: word, name: word, role: word },
});
const startForm = z.object({ invite: word, from: typed('time').optional(), reason: typed('reason').optional() });

type StaffCall = ActCall<'staffSteppedUp'>;

/** Partners and people from a file: the file, its columns, a dry run, then a job. */
export const importRoutes: readonly Route[] = [
  page({ method: 'GET', path: IMPORT, guard: 'staffSteppedUp', handle: ({ view }) => show(importPage(view)) }),
  page({
    method: 'POST',
    path: IMPORT,
    guard: 'staffSteppedUp',
    form: uploadForm,
    uploadBytes: IMPORT_CSV_BYTES + 64 * 1024,
    handle: submitUpload,
  }),
  page({
    method: 'GET',
    path: ONE,
    guard: 'staff',
    async handle({ env, view, params, query }) {
      const found = await findImport(env, params.job ?? '');
      if (!found) return missing(view);
      const { job } = found;
      if (job.state === 'draft') return seeOther(`${IMPORT}/${job.id}/columns`);
      const at = readJobPage(query);
      const [noted, inviting] = [await readNoted(env, job, at), await readInviting(env, job)];
      return show(importProgressPage(view, { job, noted, inviting, isFirst: at.after === 0, done: doneOf(query) }));
    },
  }),
  ...actPages({
    path: `${ONE}/columns`,
    guard: 'staffSteppedUp',
    form: columnsForm,
    missing,
    find,
    elsewhere: (_call, { job }) =>
      job.state === 'draft' || job.state === 'checked' ? undefined : seeOther(`${IMPORT}/${job.id}`),
    async draw({ env, view }, { job, settings }, typedColumns, refusal) {
      const { header = [], columns = {} } = settings ?? {};
      const shown = refusal ? readTypedColumns(typedColumns, header.length) : columns;
      return columnsPage(
        view,
        await readColumns(env, job, { header, columns: shown }),
        refusal && { ...refusedWords(view, refusal), fieldId: 'partner' },
      );
    },
    act(call, { job: { id }, settings }, typedColumns) {
      const columns = readTypedColumns(typedColumns, settings?.header.length ?? 0);
      const next = seeOther(`${IMPORT}/${id}`);
      return idempotentForm(call, (around) => mapColumns(call.env, actorOf(call), { id, columns }, around), next);
    },
    refused: unlessOf('csv_columns'),
  }),
  ...actPages({
    path: `${ONE}/start`,
    guard: 'staffSteppedUp',
    form: startForm,
    keeps: ['invite', 'from', 'reason'],
    missing,
    find,
    elsewhere: (_call, { job }) => (job.state === 'checked' ? undefined : seeOther(`${IMPORT}/${job.id}`)),
    async draw({ env, view, query }, { job, settings }, { invite = 'never', from = '', reason = '' }, refusal) {
      const at = readJobPage(query);
      const shown = { job, adds: settings?.adds, noted: await readNoted(env, job, at), isFirst: at.after === 0 };
      const form = { invite, from, reason };
      return importStartPage(view, { ...shown, typed: form, refusal: refusal && refusedWords(view, refusal) });
    },
    async act(call, { job: { id } }, { invite = '', from = '', reason = '' }) {
      const mode = readInvite({ invite, from, reason }, call.view.now);
      if (isRefusal(mode)) return mode;
      const start = { id, reason, invite: mode };
      const next = seeOther(`${IMPORT}/${id}?done=bulkStarted`);
      return idempotentForm(call, (around) => startImport(call.env, actorOf(call), start, around), next);
    },
    refused: unlessOf('reason_missing', 'from', 'invite'),
  }),
];

async function find({ env, params }: StaffCall): Promise<ShownImport | undefined> {
  const found = await findImport(env, params.job ?? '');
  return found?.job.kind === 'import' ? found : undefined;
}

/** These are shown beside their field. After any other refusal the page of the job shows what holds now. */
function unlessOf(...shown: readonly string[]) {
  return (_call: StaffCall, { job }: ShownImport, { reason }: Refusal): Reply | undefined =>
    reason !== undefined && shown.includes(reason) ? undefined : seeOther(`${IMPORT}/${job.id}`);
}

async function submitUpload(call: PageCall<'staffSteppedUp', z.output<typeof uploadForm>>): Promise<Reply> {
  const { env, view, upload, input } = call;
  const bytes = upload ?? Buffer.from(input.csv ?? '');
  const prepared = await idempotentForm(
    call,
    (around) => prepareImport(env, actorOf(call), bytes, 'draft', around),
    ({ id }: { readonly id: string }) => seeOther(`${IMPORT}/${id}/columns`),
  );
  return isRefusal(prepared) ? showRefusal(importPage(view, csvWords(view, prepared)), prepared) : prepared;
}
