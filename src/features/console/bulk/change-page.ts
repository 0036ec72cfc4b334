import { consolePage, errorAt, type Refused } from '#features/console/frame-page.ts';
import { form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { radios } from '#ui/parts/choices.ts';
import { textArea, textField } from '#ui/parts/fields.ts';
import { grid } from '#ui/parts/grid.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import type { View } from '#ui/view.ts';
import { CHANGES, type ChangeTyped, listOf } from './change-form.ts';
import { noteWords } from './words-page.ts';

type ChangePage = { readonly typed: ChangeTyped; readonly count: number; readonly refusal?: Refused | undefined };

/** What to change of the selected partners. Nothing happens here: the next page is the preview. */
export function changePage(view: View, { typed, count, refusal }: ChangePage): Html {
  const { t } = view;
  const error = (fieldId: string) => errorAt(refusal, fieldId);
  const list = listOf(typed);
  return consolePage(view, {
    title: t('bulk.new.title', { count }),
    part: 'partners',
    above: { href: list.href, label: t(list.key) },
    narrow: true,
    refusal,
    body: form(
      view,
      '/console/bulk/new',
      html`<input type="hidden" name="partners" value="${typed.partners.join(' ')}"><input type="hidden" name="filter" value="${typed.filter}"><input type="hidden" name="back" value="${typed.back}">
${radios({ name: 'policy', legend: t('bulk.new.choose'), options: optionsOf(view), value: typed.policy, error: error('policy') })}
${textField({
  id: 'from',
  name: 'from',
  label: t('policy.from'),
  hint: t('bulk.new.from.hint'),
  type: 'date',
  autocomplete: 'off',
  required: false,
  value: typed.from,
  error: error('from'),
})}
${textField({
  id: 'days',
  name: 'days',
  label: t('bulk.new.days'),
  hint: t('bulk.new.days.hint'),
  autocomplete: 'off',
  required: false,
  value: typed.days,
  error: error('days'),
})}
<div class="actions">${submitButton(t('bulk.new.preview'))}${linkButton(list.href, t('button.cancel'))}</div>`,
    ),
  });
}

function optionsOf({ t }: View) {
  return CHANGES.map((value) => {
    if (value === 'move' || value === 'reminders') {
      return { value, label: t(`bulk.choice.${value}`), hint: t(`bulk.choice.${value}.hint`) };
    }
    return { value, label: t(`policy.choice.${value}`), hint: t(`policy.hint.${value}`) };
  });
}

/** Rows of a file that cannot be done, as their check has found them. */
export type Faults = {
  readonly rows: number;
  readonly count: number;
  readonly shown: readonly { readonly line: number; readonly fault: string }[];
};

type UploadPage = { readonly refusal?: Refused | undefined; readonly faults?: Faults | undefined };

/** A file of changes, sent or pasted. Faulty rows come back with their lines, and nothing happens. */
export function uploadPage(view: View, { refusal, faults }: UploadPage): Html {
  const { t } = view;
  const error = refusal?.fieldId === 'file' ? refusal.title : undefined;
  return consolePage(view, {
    title: t('bulk.upload.title'),
    part: 'partners',
    above: { href: '/console/bulk', label: t('bulk.jobs') },
    refusal,
    body: html`<div class="narrow"><p class="lead">${t('bulk.upload.lead')}</p>
<pre class="settings">slug,policy,from
acme-telecom,required,2027-03-01
northwind,optional,</pre>
<p class="quiet">${t('bulk.upload.limits')}</p>
${uploadForm(
  view,
  '/console/bulk/upload',
  html`${fileField(view, error)}
${textArea({ id: 'csv', name: 'csv', label: t('bulk.upload.paste'), rows: 4, value: '' })}
<div class="actions">${submitButton(t('bulk.upload.check'))}${linkButton('/console/bulk', t('button.cancel'))}</div>`,
)}</div>
${faults && faultsPart(view, faults)}`,
  });
}

/** A form with a file needs its own encoding. */
export function uploadForm(view: View, action: string, body: Content): Html {
  return html`<form method="post" action="${action}" enctype="multipart/form-data" novalidate><input type="hidden" name="form_token" value="${view.formToken}">
${body}</form>`;
}

export function fileField({ t }: View, error: string | undefined): Html {
  return html`<div class="field${error !== undefined && ' wrong'}"><label for="file">${t('bulk.upload.file')}</label>
${error !== undefined && html`<p class="error" id="file-error">${error}</p>`}<input id="file" name="file" type="file" accept=".csv,.txt,.tsv,text/csv"${error !== undefined && html` aria-invalid="true" aria-describedby="file-error"`}></div>`;
}

function faultsPart(view: View, { rows, count, shown }: Faults): Html {
  const { t } = view;
  return html`<section><h2 id="faults">${t('bulk.faults', { count, rows })}</h2>
${grid({
  caption: t('bulk.faults', { count, rows }),
  columns: [{ label: t('bulk.line'), numeric: true }, { label: t('bulk.fault') }],
  rows: shown.map(({ line, fault }) => [line, noteWords(view, fault)]),
  empty: '',
})}
${count > shown.length && html`<p class="quiet">${t('bulk.faults.more', { count: count - shown.length })}</p>`}</section>`;
}
