import { layout } from '#http/layout.ts';
import { type Content, type Html, html } from '#http/parts/html.ts';
import { timeElement } from '#http/parts/text.ts';
import type { View } from '#http/view.ts';

/** A captured mail with its words. */
export type ShownMail = {
  readonly id: string;
  readonly to: string;
  readonly at: number;
  readonly subject: string;
  readonly text: string;
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

export function mailPage(view: View, { to, at, subject, text }: ShownMail): Html {
  const paragraphs = text.split('\n\n').map((paragraph) => html`<p>${withLinks(paragraph, view)}</p>`);
  return layout(view, {
    title: subject,
    width: 'wide',
    body: html`<p>${view.t('devMail.to')} ${to} · ${timeElement(at, view.locale)}</p>
${paragraphs}
<p><a href="/dev/mail">${view.t('devMail.all')}</a></p>`,
  });
}

/** Our own addresses as links; everything else stays text. */
function withLinks(text: string, { config }: View): Content {
  return text.split(/(https?:\/\/\S+)/).map((part) => {
    const isOurs = part.startsWith(`${config.publicUrl.origin}/`);
    return isOurs ? html`<a href="${part}">${part}</a>` : part;
  });
}
