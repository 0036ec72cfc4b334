import type { Brand } from '#core/brand/brand.ts';
import { dayBegun, dayText, instant, lastDay } from '#core/time/day.ts';
import { DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS } from '#core/time/spans.ts';
import type { Translate } from '#messages/messages.ts';
import { longDays, perLocale } from '#messages/per-locale.ts';
import type { View } from '#ui/view.ts';
import { attributes, type Content, type Html, html } from './html.ts';

/** A success or information message. Errors use the summary of the layout. */
export function notice(text: Content, kind: 'success' | 'info' = 'success'): Html {
  return html`<div class="notice ${kind}" role="status">${text}</div>`;
}

/** Warns, before a link is used in a browser where another person is signed in, that this signs that person out. */
export function signsOut({ t, signedIn }: View, ownEmail?: string): Content {
  const isOther = signedIn !== undefined && signedIn.email !== ownEmail;
  return isOther && notice(t('layout.signsOut', { email: signedIn.email }), 'info');
}

type Quoted = { readonly subject: string; readonly text: string; readonly after: string };

/** A mail as its readers will see it, before it is sent. */
export function quotedMail(title: string, { subject, text, after }: Quoted): Html {
  return html`<section><h2>${title}</h2><div class="quoted"><p><strong>${subject}</strong></p><p>${text}</p><p>${after}</p></div></section>`;
}

export function details(summary: string, body: Content, { open = false, name = '' } = {}): Html {
  return html`<details class="more${name !== '' && ` ${name}`}"${attributes({ open })}><summary>${summary}</summary><div>${body}</div></details>`;
}

type Row = { readonly label: string; readonly value: Content; readonly action?: Content };

/** A list of things that a person has or can change, one per row: its name, its state, and its action. */
export function dataList(rows: readonly Row[]): Html {
  return html`<ul class="rows">${rows.map(
    ({ label, value, action }) => html`<li><div><h2>${label}</h2><div class="value">${value}</div></div>
${action !== undefined && html`<div class="do">${action}</div>`}</li>`,
  )}</ul>`;
}

type Table = {
  readonly caption: string;
  /** An empty heading is for a column of actions. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Content[])[];
};

/** A table that becomes a list of cards on a phone. Explicit roles, because `display` removes the implicit ones. */
export function table({ caption, columns, rows }: Table): Html {
  const head = columns.map((column) =>
    column === '' ? html`<td role="cell"></td>` : html`<th scope="col" role="columnheader">${column}</th>`,
  );
  const cells = (row: readonly Content[]) =>
    row.map(
      (cell, index) => html`<td role="cell"${attributes({ 'data-label': columns[index] || undefined })}>${cell}</td>`,
    );
  return html`<table role="table"><caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${head}</tr></thead>
<tbody role="rowgroup">${rows.map((row) => html`<tr role="row">${cells(row)}</tr>`)}</tbody></table>`;
}

/** Filled, outlined, half filled, outlined with dots, or a dash. */
type Shape = boolean | 'on' | 'ahead' | 'open' | 'none';

/** A state as one word with its own shape, so that it never depends on colour alone. */
export function state(word: string, shape: Shape): Html {
  const name = shape === true ? 'on' : shape === false ? 'off' : shape;
  return html`<span class="state ${name}">${word}</span>`;
}

const instants = perLocale(
  (locale) => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }),
);

/** An instant: drawn in UTC. The script changes it to the person's own time zone. */
export function timeElement(at: number, locale: string): Html {
  const shown = instants(locale).format(new Date(at * 1000));
  return html`<time datetime="${instant(at)}" data-local>${shown} UTC</time>`;
}

/** The start of a period: the promised day, the same for every reader, or otherwise the instant. */
export function beginElement(at: number, locale: string): Html {
  const day = dayBegun(at);
  return day === undefined ? timeElement(at, locale) : dateElement(day, locale);
}

/** The end of a period: its last day, the same for every reader, or otherwise the instant. */
export function endElement(at: number, locale: string): Html {
  const day = lastDay(at);
  return day === undefined ? timeElement(at, locale) : dateElement(day, locale);
}

/** A day in UTC, the same in every time zone. */
export function dateElement(at: number, locale: string): Html {
  return html`<time datetime="${dayText(at)}">${longDays(locale).format(new Date(at * 1000))}</time>`;
}

/** A waiting time in words, rounded up: "in 12 minutes". */
export function duration(t: Translate, seconds: number): string {
  const [unit, count] = roundedUp(seconds);
  return t(`duration.${unit}`, { count });
}

/** A text with a wait in it, which a script counts down. `text` is our message, with the wait filled in. */
export function waiting(t: Translate, seconds: number, text: (wait: string) => string): Html {
  const wait = html`<span data-wait="${String(Math.max(0, Math.ceil(seconds)))}">${duration(t, seconds)}</span>`;
  return filledIn(wait, text);
}

/** Markup inside a sentence: the message holds a placeholder, and the markup is ours. */
export function filledIn(part: Content, text: (mark: string) => string): Html {
  const MARK = '\u0000';
  const [before, after] = text(MARK).split(MARK);
  return html`${before}${part}${after}`;
}

/** The same time without its direction: "12 minutes". */
export function span(t: Translate, seconds: number): string {
  const [unit, count] = roundedUp(seconds);
  return t(`duration.span.${unit}`, { count });
}

/** Minutes up to 90 minutes, hours up to two days: "2 hours" would mislead for a little over one hour. */
function roundedUp(seconds: number): ['seconds' | 'minutes' | 'hours' | 'days', number] {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < MINUTE_SECONDS) return ['seconds', whole];
  if (whole <= 90 * MINUTE_SECONDS) return ['minutes', Math.ceil(whole / MINUTE_SECONDS)];
  if (whole <= 2 * DAY_SECONDS) return ['hours', Math.ceil(whole / HOUR_SECONDS)];
  return ['days', Math.ceil(whole / DAY_SECONDS)];
}

/** A longer word must be allowed to break, because it would not fit on a phone. */
const LONGEST_WHOLE_WORD = 12;

/** Prevents line breaks in short words with a hyphen: "one-time", "Two-Factor". */
export function unbroken(title: string): Content {
  return title.split(/(\S+-\S+)/).map((part) => {
    return part.includes('-') && part.length <= LONGEST_WHOLE_WORD ? html`<span class="whole">${part}</span>` : part;
  });
}

/** Whom a reader asks for help. Without a link of its own, a contact that is an address becomes one. */
export function contactLink({ supportContact: contact, supportHref: href }: Brand): Content | undefined {
  if (contact === undefined) return undefined;
  if (href !== undefined) return html`<a href="${href}">${contact}</a>`;
  if (/^https?:\/\//.test(contact)) return html`<a href="${contact}">${contact.replace(/^https?:\/\//, '')}</a>`;
  return /^[^\s@]+@[^\s@]+$/.test(contact) ? html`<a href="mailto:${contact}">${contact}</a>` : contact;
}
