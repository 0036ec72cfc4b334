import { reasonField } from '#features/console/act-pages.ts';
import { pathWith } from '#features/console/filters.ts';
import { consolePage, type Done, type Refused } from '#features/console/frame-page.ts';
import { actions, form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { grid, pager } from '#ui/parts/grid.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { dataList, state, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { listOf } from './preview-page.ts';
import type { JobFacts, JobList, Progress, ShownItem, ShownJob } from './read.ts';
import { noteWords } from './words-page.ts';

/** How far a job is and what it left as it was. A script asks again while it runs; without one, a link does. */
export function jobPage(view: View, progress: Progress, done?: Done): Html {
  const { t } = view;
  const { job, changes, mayUndo, undo, notDone, page, next } = progress;
  const path = `/console/bulk/${job.id}`;
  return consolePage(view, {
    title: kindWords(view, job),
    part: 'partners',
    above: { href: '/console/bulk', label: t('bulk.jobs') },
    done,
    body: html`<p class="lead">${listOf(view, changes)}</p>
<div id="progress">${progressPart(view, job)}${actions(
      job.state === 'running' && linkButton(`${path}/stop`, t('bulk.stop')),
      mayUndo && linkButton(`${path}/undo`, t('bulk.undo')),
    )}
${undo && html`<p>${undoneWords(view, undo)} <a href="/console/bulk/${undo.id}">${t('bulk.undone.link')}</a></p>`}
${dataList(factsOf(view, progress))}
<section><h2>${t('bulk.notDone', { count: job.failed + job.unchanged })}</h2>
${grid({
  caption: t('bulk.notDone', { count: job.failed + job.unchanged }),
  isShort: true,
  columns: [
    { label: t('bulk.partner'), phone: 'head' },
    { label: t('bulk.state'), phone: 'end' },
    { label: t('bulk.why') },
  ],
  rows: notDone.map((item) => cellsOf(view, item)),
  empty: html`<p>${t('bulk.notDone.none')}</p>`,
})}
${pager(t, { first: page.after > 0 ? path : undefined, next: next === undefined ? undefined : pathWith(path, { after: String(next) }) })}</section></div>`,
  });
}

function undoneWords({ t }: View, { state: at, done, total }: ShownJob): string {
  if (at === 'stopped') return t('bulk.undone.stopped', { done, total });
  return t(at === 'running' ? 'bulk.undone.running' : 'bulk.undone');
}

/** Counts and a bar. While it runs, the script replaces the part around it. */
export function progressPart(view: View, job: ShownJob): Html {
  const { t } = view;
  const { total, done, unchanged, failed } = job;
  const isRunning = job.state === 'running' || job.state === 'checking';
  if (!isRunning && job.started_at === null) {
    return html`<div class="progress"><p>${stateWords(view, job)} · ${countWords(view, job)}</p></div>`;
  }
  const over = job.state === 'checking' ? job.checked : done + unchanged + failed;
  return html`<div class="progress"${isRunning && html` data-reload="progress"`}><p>${stateWords(view, job)} · ${countWords(view, job)}</p>
<progress max="${total}" value="${over}" aria-label="${countWords(view, job)}"></progress>
<p class="quiet">${t(job.kind === 'import' ? 'import.outcome' : job.kind === 'invite' ? 'import.invited' : 'bulk.outcome', { done, unchanged, failed })}</p>
${isRunning && html`<p class="quiet">${t('bulk.runs')} <a href="">${t('bulk.reload')}</a></p>`}
${job.stopped_because === 'maker_lost' && html`<p class="notice info">${t('bulk.makerLost')}</p>`}</div>`;
}

function stateWords({ t }: View, job: ShownJob): Html {
  if (job.state === 'stopped' && job.started_at === null) return state(t('bulk.state.discarded'), false);
  return state(t(`bulk.state.${job.state}`), job.state === 'finished');
}

/** How many items are over. Of a job that nobody started, the checks have counted items, and none has changed. */
function countWords({ t }: View, job: ShownJob): string {
  const { kind, state: at, total, checked, done, unchanged, failed } = job;
  if (at === 'checking') return t('bulk.counts', { over: checked, total });
  if (job.started_at === null) return t(kind === 'import' ? 'import.none' : 'bulk.none', { count: total });
  return t('bulk.counts', { over: done + unchanged + failed, total });
}

/** An id that is nobody's name. */
function makerWords({ t }: View, maker: string): string {
  return maker === 'command_line' ? t('bulk.byCommand') : maker;
}

function kindWords({ t }: View, job: ShownJob): string {
  return t(`bulk.kind.${job.kind}`);
}

function factsOf(view: View, { job, maker }: JobFacts) {
  const { t, locale } = view;
  return [
    { label: t('bulk.fact.maker'), value: html`<span class="anywhere">${makerWords(view, maker)}</span>` },
    { label: t('act.reason'), value: job.reason ?? '–' },
    ...(job.started_at === null ? [] : [{ label: t('bulk.fact.started'), value: timeElement(job.started_at, locale) }]),
    ...(job.finished_at === null
      ? []
      : [{ label: t('bulk.fact.finished'), value: timeElement(job.finished_at, locale) }]),
    ...(job.kind === 'undo' && job.parent_id !== null
      ? [
          {
            label: t('bulk.fact.undoes'),
            value: html`<a href="/console/bulk/${job.parent_id}">${t('bulk.undone.first')}</a>`,
          },
        ]
      : []),
    { label: t('bulk.fact.id'), value: html`<code class="anywhere">${job.id}</code>` },
  ];
}

function cellsOf(view: View, { partner, state: outcome, note }: ShownItem): readonly Content[] {
  return [
    partner ? html`<a href="/console/partners/${partner.id}">${partner.name}</a>` : '–',
    view.t(outcome === 'failed' ? 'bulk.failed' : 'bulk.unchanged'),
    noteWords(view, note),
  ];
}

/** All jobs of the last 30 days, newest first. */
export function jobsPage(view: View, { jobs, next }: JobList, isFirst: boolean): Html {
  const { t, locale } = view;
  return consolePage(view, {
    title: t('bulk.jobs'),
    part: 'partners',
    above: { href: '/console/partners', label: t('console.partners') },
    body: html`<p class="lead">${t('bulk.jobs.lead')}</p>
${actions(linkButton('/console/bulk/upload', t('bulk.upload'), 'primary'), linkButton('/console/import', t('import.title')))}
${grid({
  caption: t('bulk.jobs'),
  isShort: true,
  columns: [
    { label: t('bulk.job'), phone: 'head' },
    { label: t('bulk.state'), phone: 'end' },
    { label: t('bulk.fact.maker'), phone: 'none' },
    { label: t('act.reason') },
    { label: t('bulk.fact.created') },
  ],
  rows: jobs.map((job) => [
    html`<a href="/console/bulk/${job.id}">${kindWords(view, job)}</a><br><span class="hint">${countWords(view, job)}</span>`,
    stateWords(view, job),
    html`<span class="anywhere">${makerWords(view, job.makerName)}</span>`,
    html`<span class="anywhere">${job.reason ?? '–'}</span>`,
    timeElement(job.created_at, locale),
  ]),
  empty: html`<p>${t('bulk.jobs.none')}</p>`,
})}
${pager(t, { first: isFirst ? undefined : '/console/bulk', next: next && pathWith('/console/bulk', { before: next }) })}`,
  });
}

type UndoPage = { readonly facts: JobFacts; readonly reason: string; readonly refusal?: Refused | undefined };

/** What an undo does, and why it is done. */
export function undoPage(view: View, { facts, reason, refusal }: UndoPage): Html {
  const { t } = view;
  const path = `/console/bulk/${facts.job.id}`;
  const button = t('bulk.undo.title', { count: facts.job.done });
  return consolePage(view, {
    title: button,
    part: 'partners',
    above: { href: path, label: kindWords(view, facts.job) },
    narrow: true,
    refusal,
    body: html`<p class="lead">${t('bulk.undo.text')}</p>
${form(
  view,
  `${path}/undo`,
  html`${reasonField(view, reason, refusal?.fieldId === 'reason' ? refusal.title : undefined)}
<div class="actions">${submitButton(button)}${linkButton(path, t('button.cancel'))}</div>`,
)}`,
  });
}

/** Stops a running job, or discards one that was not started. */
export function stopPage(view: View, { job }: JobFacts): Html {
  const { t } = view;
  const isRunning = job.state === 'running';
  const path = `/console/bulk/${job.id}`;
  const label = t(isRunning ? 'bulk.stop.title' : 'bulk.discard.title', { job: kindWords(view, job) });
  return consolePage(view, {
    title: label,
    part: 'partners',
    above: { href: path, label: kindWords(view, job) },
    narrow: true,
    body: html`<p class="lead">${isRunning ? stopWords(view, job) : discardWords(view, job)}</p>
${isRunning && job.done > 0 && job.kind !== 'import' && job.kind !== 'invite' && html`<p>${t('bulk.stop.undo')}</p>`}
${form(view, `${path}/stop`, html`<div class="actions">${submitButton(label, 'danger')}${linkButton(path, t('button.cancel'))}</div>`)}`,
  });
}

function stopWords({ t }: View, { kind, total, done, unchanged, failed }: ShownJob): string {
  return t('bulk.stop.text', { over: done + unchanged + failed, units: t('bulk.units', { kind, count: total }) });
}

/** A file whose columns nobody has chosen yet has no count. */
function discardWords({ t }: View, { kind, total }: ShownJob): string {
  return t('bulk.discard.text', { total, units: t('bulk.units', { kind, count: total }) });
}
