import { withResume } from '#core/sessions/resume.ts';
import type { Translate } from '#messages/messages.ts';
import type { View } from '#ui/view.ts';
import { attributes, type Content, type Html, html } from './html.ts';

type Variant = 'primary' | 'quiet' | 'danger';

/** A form that posts with our form token. `novalidate`: our own page reports missing fields, in its own language. */
export function form(view: View, action: string, body: Content, data: Content = undefined): Html {
  return html`<form method="post" action="${action}" novalidate${data}><input type="hidden" name="form_token" value="${view.formToken}">${view.resume !== undefined && html`<input type="hidden" name="resume" value="${view.resume}">`}
${body}</form>`;
}

export function submitButton(label: string, variant: Variant = 'primary'): Html {
  return html`<button type="submit" class="button ${variant}">${label}</button>`;
}

/** A sign-in page's address that carries the request for which this tab signs in. */
export function inFlow({ resume }: View, address: string): string {
  return resume === undefined ? address : withResume(address, resume);
}

/** A link that looks like a button. It only navigates and changes nothing. */
export function linkButton(href: string, label: string, variant: Variant = 'quiet', download = false): Html {
  return html`<a class="button ${variant}"${attributes({ href, download })}>${label}</a>`;
}

/** Download links for a table, with commas and with semicolons, which some spreadsheets expect. */
export function csvLinks(t: Translate, href: string, label = t('console.csv')): Html {
  const semicolons = `${href}${href.includes('?') ? '&' : '?'}separator=semicolon`;
  return html`<a${attributes({ href, download: true })}>${label}</a> (<a${attributes({ href: semicolons, download: true })}>${t('console.csv.semicolons')}</a>)`;
}

/** Buttons of one choice, side by side if there is space. */
export function actions(...buttons: readonly Content[]): Html {
  return html`<div class="actions">${buttons}</div>`;
}

type Copy = { readonly text: string; readonly label: string; readonly copiedLabel: string };

/** Appears only if a script can copy. A live region beside it reports the result. */
export function copyButton({ text, label, copiedLabel }: Copy): Html {
  return html`<span class="copy" data-script hidden><button type="button" class="button quiet" data-copy="${text}" data-copied="${copiedLabel}">${label}</button>
<span class="hint" role="status"></span></span>`;
}

export function printButton(label: string): Html {
  return html`<button type="button" class="button quiet" data-print data-script hidden>${label}</button>`;
}
