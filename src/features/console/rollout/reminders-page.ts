import { consolePage, type Refused } from '#features/console/frame-page.ts';
import { form, linkButton, submitButton } from '#ui/parts/actions.ts';
import { grid } from '#ui/parts/grid.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { quotedMail, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import type { RollOutQuery } from './query.ts';
import type { ReminderPreview } from './reminders.ts';

type RemindersPage = {
  readonly preview: ReminderPreview;
  readonly ids: readonly string[];
  readonly query: RollOutQuery;
  /** The list that this began at. */
  readonly above: string;
  readonly refusal?: Refused | undefined;
};

/** Whom "remind now" reaches, the mail they get, and the button. */
export function remindersPage(view: View, page: RemindersPage): Html {
  const { t } = view;
  const { preview, refusal } = page;
  const { partners, paused, people } = preview;
  const reached = partners - paused;
  const button = t('reminders.title', { people, partners: reached });
  return consolePage(view, {
    title: reached === 0 ? t('reminders.nobody.title') : button,
    part: 'rollout',
    above: { href: page.above, label: t('console.rollout') },
    refusal,
    body: html`<p class="lead">${t(reached === 0 ? 'reminders.nobody' : 'reminders.lead')}</p>
${paused > 0 && html`<p>${t('reminders.paused', { partners: paused })}</p>`}
${reached > 0 && sendForm(view, page, button)}
${preview.mail && quotedMail(t('reminders.mailOf', { partner: preview.mail.partner }), preview.mail)}
${partners > 0 && listPart(view, preview)}`,
  });
}

function sendForm(view: View, { ids, query, above }: RemindersPage, button: string): Html {
  const { t } = view;
  const hidden = (name: string, value: string | undefined) =>
    value !== undefined && html`<input type="hidden" name="${name}" value="${value}">`;
  return form(
    view,
    '/console/reminders',
    html`${hidden('partners', ids.length > 0 ? ids.join(' ') : undefined)}${hidden('view', query.view)}${hidden('from', query.from)}${hidden('until', query.until)}
<div class="actions">${submitButton(button)}${linkButton(above, t('button.cancel'))}</div>`,
  );
}

function listPart(view: View, { listed, partners }: ReminderPreview): Html {
  const { t, locale } = view;
  return html`<section><h2>${t('reminders.partners')}</h2>${grid({
    caption: t('reminders.partners'),
    isShort: true,
    columns: [
      { label: t('partners.name'), phone: 'head' },
      { label: t('adoption.missing'), numeric: true, phone: 'side' },
      { label: t('rollout.reminded') },
    ],
    rows: listed.map(({ id, name, missing, remindedAt }) => [
      html`<a href="/console/partners/${id}">${name}</a>`,
      missing,
      remindedAt === undefined ? t('people.never') : timeElement(remindedAt, locale),
    ]),
    empty: '',
  })}${partners > listed.length && html`<p class="quiet">${t('reminders.more', { partners: partners - listed.length })}</p>`}</section>`;
}
