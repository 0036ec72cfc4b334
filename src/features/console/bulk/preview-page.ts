import type { PartnerChange } from '#core/bulk/partner-change.ts';
import { reasonField } from '#features/console/act-pages.ts';
import { pathWith } from '#features/console/filters.ts';
import { consolePage, type Refused } from '#features/console/frame-page.ts';
import { policyState } from '#features/console/partners/partners-page.ts';
import { form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { grid, pager, tabs } from '#ui/parts/grid.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { dataList, details } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import type { Preview, ShownItem } from './read.ts';
import { changeWords } from './words-page.ts';

/** A mail as its reader gets it. */
export type PreviewMail = { readonly subject: string; readonly paragraphs: readonly string[] };

type Shown = {
  readonly preview: Preview;
  readonly mails: readonly PreviewMail[];
  readonly reason: string;
  readonly refusal?: Refused | undefined;
};

/** Whom the job would change, what follows for them, and the button that starts it, before the long list. */
export function previewPage(view: View, { preview, mails, reason, refusal }: Shown): Html {
  const { t } = view;
  const { job, sums } = preview;
  const path = `/console/bulk/${job.id}`;
  const count = sums.partners - sums.same;
  const title = t('bulk.start', { count });
  const error = refusal?.fieldId === 'reason' ? refusal.title : undefined;
  return consolePage(view, {
    title,
    part: 'partners',
    above: { href: '/console/bulk', label: t('bulk.jobs') },
    refusal,
    body: html`<p class="lead">${listOf(view, preview.changes)}</p>
${dataList(factsOf(view, preview))}
${count === 0 ? html`<p>${t('bulk.preview.none')}</p>` : mailsPart(view, mails)}
<div class="narrow">${count === 0 ? linkButton(`${path}/stop`, t('bulk.discard')) : startForm(view, { path, count, reason, error })}</div>
<section><h2 id="who">${t('bulk.who')}</h2>${whoTabs(view, preview)}${listPart(view, preview)}</section>`,
  });
}

type Start = {
  readonly path: string;
  readonly count: number;
  readonly reason: string;
  readonly error: string | undefined;
};

function startForm(view: View, { path, count, reason, error }: Start): Html {
  const { t } = view;
  return form(
    view,
    `${path}/start`,
    html`${reasonField(view, reason, error)}
<div class="actions">${submitButton(t('bulk.start', { count }))}${linkButton('/console/bulk', t('button.cancel'))}${linkButton(`${path}/stop`, t('bulk.discard'))}</div>`,
  );
}

export function listOf(view: View, changes: readonly PartnerChange[]): Content {
  return changes.map((change, index) => html`${index > 0 && html`<br>`}${changeWords(view, change)}`);
}

function factsOf({ t }: View, { sums }: Preview) {
  const { partners, same, people, missing, sessions } = sums;
  return [
    { label: t('bulk.fact.partners'), value: t('bulk.fact.partners.value', { count: partners - same, same }) },
    { label: t('bulk.fact.people'), value: t('bulk.fact.people.value', { people, missing }) },
    { label: t('bulk.fact.sessions'), value: t('bulk.fact.sessions.value', { sessions }) },
    { label: t('bulk.fact.limits'), value: t('bulk.fact.limits.value') },
  ];
}

function mailsPart({ t }: View, mails: readonly PreviewMail[]): Html {
  if (mails.length === 0) return html`<p>${t('bulk.mail.none')}</p>`;
  return html`<section><h2>${t('bulk.mail')}</h2><p>${t('bulk.mail.when')}</p>
${mails.map(({ subject, paragraphs }) =>
  details(
    subject,
    paragraphs.map((paragraph) => html`<p>${paragraph}</p>`),
  ),
)}</section>`;
}

function whoTabs({ t }: View, { job, page }: Preview): Html {
  const path = `/console/bulk/${job.id}/start`;
  return tabs(t('bulk.who'), [
    { href: path, label: t('bulk.who.partners'), isCurrent: page.show === 'partners' },
    { href: `${path}?show=people`, label: t('bulk.who.people'), isCurrent: page.show === 'people' },
  ]);
}

function listPart(view: View, preview: Preview): Html {
  const { t } = view;
  const { job, page, next, items, people } = preview;
  const path = `/console/bulk/${job.id}/start`;
  const show = page.show === 'people' ? 'people' : undefined;
  const isFirst = page.after === 0;
  return html`${
    page.show === 'people'
      ? grid({
          caption: t('bulk.who.people'),
          isShort: true,
          columns: [
            { label: t('people.name'), phone: 'head' },
            { label: t('field.email') },
            { label: t('bulk.partner'), phone: 'none' },
          ],
          rows: people.map(({ id, name, email, partner }) => [
            html`<a href="/console/people/${id}">${name}</a>`,
            html`<span class="anywhere">${email}</span>`,
            partner,
          ]),
          empty: html`<p>${t('bulk.who.nobody')}</p>`,
        })
      : grid({
          caption: t('bulk.who.partners'),
          isShort: true,
          columns: columnsOf(view),
          rows: items.map((item) => cellsOf(view, item)),
          empty: html`<p>${t('bulk.who.nobody')}</p>`,
        })
  }
${pager(t, {
  first: isFirst ? undefined : pathWith(path, { show }),
  next: next && pathWith(path, { show, after: String(next.after), id: next.id }),
})}`;
}

function columnsOf({ t }: View) {
  return [
    { label: t('bulk.partner'), phone: 'head' as const },
    { label: t('bulk.before') },
    { label: t('bulk.after') },
    { label: t('partners.people'), numeric: true, phone: 'none' as const },
    { label: t('bulk.missing'), numeric: true, phone: 'side' as const },
  ];
}

function cellsOf(view: View, { partner, change, effect, missing }: ShownItem): readonly Content[] {
  if (!partner) return ['–', '–', view.t('bulk.note.partner'), '–', '–'];
  return [
    html`<a href="/console/partners/${partner.id}">${partner.name}</a>`,
    policyState(view, partner),
    effect === 'same' ? view.t('bulk.note.same') : changeWords(view, change),
    partner.people,
    missing,
  ];
}
