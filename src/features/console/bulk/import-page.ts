import type { ImportSettings } from '#core/bulk/import-row.ts';
import { reasonField } from '#features/console/act-pages.ts';
import { pathWith } from '#features/console/filters.ts';
import { consolePage, type Done, errorAt, type Refused } from '#features/console/frame-page.ts';
import { form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { radios, selectField } from '#ui/parts/choices.ts';
import { textArea, textField } from '#ui/parts/fields.ts';
import { grid, pager } from '#ui/parts/grid.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { dataList, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { fileField, uploadForm } from './change-page.ts';
import type { ColumnChoice, InviteTyped, Noted } from './import-read.ts';
import { progressPart } from './job-page.ts';
import type { ShownJob } from './read.ts';
import { noteWords } from './words-page.ts';

const ABOVE = '/console/bulk';

/** The first step: the file. */
export function importPage(view: View, refusal?: Refused): Html {
  const { t } = view;
  const error = refusal?.fieldId === 'file' ? refusal.title : undefined;
  return consolePage(view, {
    title: t('import.title'),
    part: 'partners',
    above: { href: ABOVE, label: t('bulk.jobs') },
    narrow: true,
    refusal,
    body: html`<p class="lead">${t('import.lead')}</p>
<pre class="settings">partner,partner_name,policy,from,email,name,role
acme,Acme Telecom,required,2027-03-01,ana@acme.example,Ana Silva,manager
acme,,,,bo@acme.example,Bo Lind,member</pre>
<p class="quiet">${t('import.limits')}</p>
${uploadForm(
  view,
  '/console/import',
  html`${fileField(view, error)}
${textArea({ id: 'csv', name: 'csv', label: t('bulk.upload.paste'), rows: 4, value: '' })}
<div class="actions">${submitButton(t('import.upload'))}${linkButton(ABOVE, t('button.cancel'))}</div>`,
)}`,
  });
}

/** The second step: which column is which, beside the first rows. */
export function columnsPage(view: View, { job, header, fields, rows }: ColumnChoice, refusal?: Refused): Html {
  const { t } = view;
  const options = [
    { value: '', label: t('import.column.none') },
    ...header.map((name, index) => ({
      value: String(index),
      label: name || t('import.column', { number: index + 1 }),
    })),
  ];
  const selects = fields.map(({ name, index }) =>
    selectField({
      id: name,
      name,
      label: t(`import.field.${name}`),
      options,
      value: index === undefined ? '' : String(index),
    }),
  );
  return consolePage(view, {
    title: t('import.columns'),
    part: 'partners',
    above: { href: ABOVE, label: t('bulk.jobs') },
    refusal,
    body: html`<p class="lead">${t('import.columns.lead')}</p>
<section><h2>${t('import.rows')}</h2>${grid({
      caption: t('import.rows'),
      columns: header.map((name, index) => ({ label: name || t('import.column', { number: index + 1 }) })),
      rows: rows.map((cells) => header.map((_, index) => html`<span class="anywhere">${cells[index] ?? ''}</span>`)),
      empty: '',
    })}</section>
<div class="narrow">${form(
      view,
      `/console/import/${job.id}/columns`,
      html`${selects}
<div class="actions">${submitButton(t('import.check'))}${linkButton(`/console/bulk/${job.id}/stop`, t('bulk.discard'))}</div>`,
    )}</div>`,
  });
}

type StartPage = {
  readonly job: ShownJob;
  /** Absent for a check of a version before. */
  readonly adds: ImportSettings['adds'];
  readonly noted: Noted;
  readonly isFirst: boolean;
  readonly typed: InviteTyped;
  readonly refusal?: Refused | undefined;
};

/** The dry run: what would be added, every row that would not, and the button that starts it. */
export function importStartPage(view: View, { job, adds, noted, isFirst, typed, refusal }: StartPage): Html {
  const { t } = view;
  const { id, total, unchanged, failed } = job;
  const count = total - unchanged - failed;
  const path = `/console/import/${id}`;
  return consolePage(view, {
    title: count === 0 ? t('import.start.title') : t('import.start', { count }),
    part: 'partners',
    above: { href: `${path}/columns`, label: t('import.columns') },
    refusal,
    body: html`${count > 0 && html`<p class="lead">${t('import.lead.start', { count })}</p>`}${dataList([
      { label: t('import.fact.rows'), value: t('import.fact.rows.value', { total }) },
      ...(adds ? [{ label: t('import.fact.adds'), value: t('import.fact.adds.value', adds) }] : []),
      { label: t('import.fact.exist'), value: t('import.fact.exist.value', { unchanged }) },
      { label: t('import.fact.faults'), value: t('import.fact.faults.value', { failed }) },
    ])}
<div class="narrow">${count > 0 ? startForm(view, { path, count, typed, refusal }) : html`<p>${t('import.nothing')}</p>${linkButton(`/console/bulk/${id}/stop`, t('bulk.discard'))}`}</div>
${notedPart(view, `${path}/start`, { noted, isFirst, count: unchanged + failed })}`,
  });
}

type StartForm = Pick<StartPage, 'typed' | 'refusal'> & { readonly path: string; readonly count: number };

function startForm(view: View, { path, count, typed, refusal }: StartForm): Html {
  const { t } = view;
  const error = (fieldId: string) => errorAt(refusal, fieldId);
  const options = (['never', 'now', 'date'] as const).map((value) => ({
    value,
    label: t(`import.invite.${value}`),
    hint: t(`import.invite.${value}.hint`),
  }));
  return form(
    view,
    `${path}/start`,
    html`${radios({ name: 'invite', legend: t('import.invite'), options, value: typed.invite, error: error('invite') })}
${textField({
  id: 'from',
  name: 'from',
  label: t('import.invite.day'),
  hint: t('import.invite.day.hint'),
  type: 'date',
  autocomplete: 'off',
  required: false,
  value: typed.from,
  error: error('from'),
})}
${reasonField(view, typed.reason, error('reason'))}
<div class="actions">${submitButton(t('import.start', { count }))}${linkButton(ABOVE, t('button.cancel'))}${linkButton(path.replace('/import/', '/bulk/').concat('/stop'), t('bulk.discard'))}</div>`,
  );
}

type NotedPart = { readonly noted: Noted; readonly isFirst: boolean; readonly count: number };

function notedPart(view: View, path: string, { noted, isFirst, count }: NotedPart): Html {
  const { t } = view;
  const columns = [{ label: t('bulk.line'), numeric: true }, { label: t('bulk.state') }, { label: t('bulk.why') }];
  return html`<section><h2>${t('import.noted', { count })}</h2>
${grid({
  caption: t('import.noted', { count }),
  columns,
  rows: noted.items.map(({ line, state, note }) => [
    line === 0 ? '–' : line,
    t(state === 'failed' ? 'import.faulty' : 'import.exists'),
    noteWords(view, note),
  ]),
  empty: html`<p>${t('import.noted.none')}</p>`,
})}
${pager(t, {
  first: isFirst ? undefined : path,
  next: noted.next === undefined ? undefined : pathWith(path, { after: String(noted.next) }),
})}</section>`;
}

type ProgressPage = {
  readonly job: ShownJob;
  readonly noted: Noted;
  readonly isFirst: boolean;
  /** The job that sends the invitations. */
  readonly inviting: ShownJob | undefined;
  readonly done?: Done | undefined;
};

/** How far a check or an import is. */
export function importProgressPage(view: View, { job, noted, isFirst, inviting, done }: ProgressPage): Html {
  const { t } = view;
  const isRunning = job.state === 'running' || job.state === 'checking';
  return consolePage(view, {
    title: t(job.state === 'checking' ? 'import.checking' : `bulk.kind.${job.kind}`),
    part: 'partners',
    above: { href: ABOVE, label: t('bulk.jobs') },
    done,
    body: html`<div id="progress">${progressPart(view, job)}
${isRunning && html`<div class="actions">${linkButton(`/console/bulk/${job.id}/stop`, t('bulk.stop'))}</div>`}
${job.state === 'checked' && html`<div class="actions">${linkButton(`/console/import/${job.id}/start`, t('import.toStart'), 'primary')}</div>`}
${progressFacts(view, job, inviting)}
${notedPart(view, `/console/import/${job.id}`, { noted, isFirst, count: job.unchanged + job.failed })}</div>`,
  });
}

/** What is known so far; nothing before the start. */
function progressFacts({ t, locale }: View, job: ShownJob, inviting: ShownJob | undefined): Content {
  const { reason, started_at: started, finished_at: finished, not_before: from } = job;
  const instant = (at: number) => timeElement(at, locale);
  const invites = inviting && html`<a href="/console/import/${inviting.id}">${instant(inviting.not_before)}</a>`;
  const facts = [
    reason !== null && { label: t('act.reason'), value: reason },
    started !== null && { label: t('bulk.fact.started'), value: instant(started) },
    finished !== null && { label: t('bulk.fact.finished'), value: instant(finished) },
    from > 0 && { label: t('import.invites.from'), value: instant(from) },
    invites && { label: t('bulk.kind.invite'), value: invites },
  ].filter((fact) => fact !== false && fact !== undefined);
  return facts.length > 0 && dataList(facts);
}
