import { z } from 'zod';
import type { PartnerChange } from '#core/bulk/partner-change.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import type { Refusal } from '#core/values/result.ts';
import { refusedWords } from '#features/console/frame-page.ts';
import { actorOf, doneOf, missing } from '#features/console/shared-routes.ts';
import { startBulk, stopBulk, undoBulk } from '#flows/bulk/start.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import type { Mail } from '#flows/runtime/mail.ts';
import { type ActCall, actPages } from '#http/pages/act-pages.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { wordsOf } from '#mail/words.ts';
import type { View } from '#ui/view.ts';
import { findImport } from './import-read.ts';
import { jobPage, jobsPage, stopPage, undoPage } from './job-page.ts';
import { type PreviewMail, previewPage } from './preview-page.ts';
import { findAnyJob, findJob, type JobFacts, readJobPage, readJobs, readPreview, readProgress } from './read.ts';

const JOBS = '/console/bulk';
const ONE = `${JOBS}/:job`;

const reasonForm = z.object({ reason: typed('reason').optional() });

type StaffCall = ActCall<'staffSteppedUp'>;

/** The jobs: preview and start, progress, stop, undo. */
export const jobRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: JOBS,
    guard: 'staff',
    async handle({ env, view, query }) {
      const before = query.get('before') ?? undefined;
      return show(jobsPage(view, await readJobs(env, before), before === undefined));
    },
  }),
  page({
    method: 'GET',
    path: ONE,
    guard: 'staff',
    async handle({ env, view, params, query }) {
      const facts = await findJob(env, params.job ?? '');
      if (!facts && (await findImport(env, params.job ?? ''))) return seeOther(`/console/import/${params.job}`);
      if (!facts) return missing(view);
      if (facts.job.state === 'checked') return seeOther(`${JOBS}/${facts.job.id}/start`);
      return show(jobPage(view, await readProgress(env, facts, readJobPage(query)), doneOf(query)));
    },
  }),
  ...actPages({
    path: `${ONE}/start`,
    guard: 'staffSteppedUp',
    form: reasonForm,
    keeps: ['reason'],
    missing,
    find,
    elsewhere: (_call, { job }) => (job.state === 'checked' ? undefined : seeOther(`${JOBS}/${job.id}`)),
    draw: drawPreview,
    act: (call, { job: { id } }, { reason = '' }) =>
      idempotentForm(call, (around) => startBulk(call.env, actorOf(call), { id, reason }, around), started),
    refused: unlessReason,
  }),
  ...actPages({
    path: `${ONE}/undo`,
    guard: 'staffSteppedUp',
    form: reasonForm,
    keeps: ['reason'],
    missing,
    find,
    draw: ({ view }, facts, { reason = '' }, refusal) =>
      undoPage(view, { facts, reason, refusal: refusal && refusedWords(view, refusal) }),
    act: (call, { job: { id } }, { reason = '' }) =>
      idempotentForm(call, (around) => undoBulk(call.env, actorOf(call), { id, reason }, around), started),
    refused: unlessReason,
  }),
  ...actPages({
    path: `${ONE}/stop`,
    guard: 'staffSteppedUp',
    missing,
    find: ({ env, params }) => findAnyJob(env, params.job ?? ''),
    draw: ({ view }, facts) => stopPage(view, facts),
    act: (call, { job: { id } }) =>
      idempotentForm(
        call,
        (around) => stopBulk(call.env, actorOf(call), id, around),
        seeOther(`${JOBS}/${id}?done=bulkStopped`),
      ),
  }),
];

function find({ env, params }: StaffCall) {
  return findJob(env, params.job ?? '');
}

function started({ id }: { readonly id: string }): Reply {
  return seeOther(`${JOBS}/${id}?done=bulkStarted`);
}

/** Somebody else was quicker: the page of the job shows what holds now. A missing reason is shown beside its field. */
function unlessReason(_call: StaffCall, { job }: JobFacts, refusal: Refusal): Reply | undefined {
  return refusal.reason === 'reason_missing' ? undefined : seeOther(`${JOBS}/${job.id}`);
}

async function drawPreview(
  { env, view, query }: StaffCall,
  facts: JobFacts,
  { reason = '' }: { readonly reason?: string | undefined },
  refusal?: Refusal,
) {
  const preview = await readPreview(env, facts, readJobPage(query));
  return previewPage(view, {
    ...{ preview, reason, mails: mailsOf(view, preview.changes) },
    refusal: refusal && refusedWords(view, refusal),
  });
}

/** The mails that people without an authenticator get after these changes, in the language of the page. */
function mailsOf(view: View, changes: readonly PartnerChange[]): readonly PreviewMail[] {
  return changes.flatMap((change) => {
    const target = change.act === 'undo' ? change.to : change;
    const requiredFrom = 'requiredFrom' in target ? target.requiredFrom : undefined;
    const isRequired = change.act === 'date' || ('policy' in target && target.policy === 'required');
    if (!isRequired || requiredFrom === undefined) return [];
    return [
      previewMail(view, { kind: 'mfa_reminder', requiredFrom }, requiredFrom - 14 * DAY_SECONDS),
      previewMail(view, { kind: 'mfa_overdue', requiredFrom }, requiredFrom),
    ];
  });
}

function previewMail({ t, locale, config, brand }: View, mail: Mail, at: number): PreviewMail {
  const { subject, text, after, closing } = wordsOf({ t, locale, config, brand }, mail, at);
  return { subject, paragraphs: [text, after, closing].filter((part) => part !== '') };
}
