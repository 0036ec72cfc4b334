import { layout } from '#ui/layout.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { details, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';

/** A captured mail. Its text is missing once it was erased. */
export type ShownMail = {
  readonly id: string;
  readonly to: string;
  readonly at: number;
  readonly subject: string;
  readonly text: string | undefined;
};

export function mailListPage(view: View, mails: readonly ShownMail[]): Html {
  const rows = mails.map(
    ({ id, to, at, subject }) => html`<li><div><h2><a href="/dev/mail/${id}">${subject}</a></h2>
<div class="value">${to} · ${timeElement(at, view.locale)}</div></div></li>`,
  );
  return layout(view, {
    title: view.t('devMail.title'),
    width: 'wide',
    body: html`<p class="lead">${view.t('devMail.lead')}</p>
${rows.length === 0 ? html`<p>${view.t('devMail.none')}</p>` : html`<ul class="rows">${rows}</ul>`}`,
  });
}

/** The text is first, because its links work. The HTML is in its own frame without scripts and without navigation. */
export function mailPage(view: View, { id, to, at, subject, text }: ShownMail): Html {
  const { t } = view;
  return layout(view, {
    title: subject,
    width: 'wide',
    body: html`<p>${t('devMail.to')} ${to} · ${timeElement(at, view.locale)}</p>
${text === undefined ? html`<p>${t('devMail.erased')}</p>` : bodies(view, id, text)}
<p><a href="/dev/mail">${t('devMail.all')}</a></p>`,
  });
}

function bodies(view: View, id: string, text: string): Html {
  const { t } = view;
  const paragraphs = text.split('\n\n').map((paragraph) => html`<p>${withBreaks(paragraph, view)}</p>`);
  return html`${paragraphs}
${details(
  t('devMail.html'),
  html`<iframe class="mail" sandbox="" src="/dev/mail/${id}/html" title="${t('devMail.html')}"></iframe>
<p class="quiet"><a href="/dev/mail/${id}/html">${t('devMail.alone')}</a></p>`,
  { open: true },
)}`;
}

function withBreaks(paragraph: string, view: View): Content {
  return paragraph.split('\n').map((line, index) => html`${index > 0 && html`<br>`}${withLinks(line, view)}`);
}

/** Our own addresses become links. Everything else stays text. */
function withLinks(text: string, { config }: View): Content {
  return text.split(/(https?:\/\/\S+)/).map((part) => {
    const isOurs = part.startsWith(`${config.publicUrl.origin}/`);
    return isOurs ? html`<a href="${part}">${part}</a>` : part;
  });
}
