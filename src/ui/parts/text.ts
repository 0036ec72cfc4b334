import { dayBegun, dayText, instant, lastDay } from '#core/time/day.ts';
import { DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS } from '#core/time/spans.ts';
import type { Translate } from '#messages/messages.ts';
import { longDays, perLocale } from '#messages/per-locale.ts';
import type { View } from '#ui/view.ts';
import { attributes, type Content, type Html, html } from './html.ts';

/** Good news or a thing to know; errors have the summary of the layout. */
export function notice(text: Content, kind: 'success' | 'info' = 'success'): Html {
  return html`<div class="notice ${kind}" role="status">${text}</div>`;
}

/** Before a link is followed in a browser in which somebody else is signed in: whom that signs out. */
export function signsOut({ t, signedIn }: View, ownEmail?: string): Content {
  const isOther = signedIn !== undefined && signedIn.email !== ownEmail;
  return isOther && notice(t('layout.signsOut', { email: signedIn.email }), 'info');
}

export function details(summary: string, body: Content, open = false): Html {
  return html`<details class="more"${attributes({ open })}><summary>${summary}</summary><div>${body}</div></details>`;
}

type Row = { readonly label: string; readonly value: Content; readonly action?: Content };

/** Things a person owns or can change, one a row: what it is, how it stands, what can be done. */
export function dataList(rows: readonly Row[]): Html {
  return html`<ul class="rows">${rows.map(
    ({ label, value, action }) => html`<li><div><h2>${label}</h2><div class="value">${value}</div></div>
${action !== undefined && html`<div class="do">${action}</div>`}</li>`,
  )}</ul>`;
}

type Table = {
  readonly caption: string;
  /** An empty head is for a column of actions. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Content[])[];
};

/** A table that becomes a list of cards on a phone. Roles are spelled out: `display` takes them away there. */
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

/** A state in one word, beside a shape of its own: never by colour alone. */
export function state(word: string, on: boolean): Html {
  return html`<span class="state ${on ? 'on' : 'off'}">${word}</span>`;
}

const instants = perLocale(
  (locale) => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }),
);

/** An instant: UTC as drawn, in the person's own zone once the script has run. */
export function timeElement(at: number, locale: string): Html {
  const shown = instants(locale).format(new Date(at * 1000));
  return html`<time datetime="${instant(at)}" data-local>${shown} UTC</time>`;
}

/** From when on something holds: the day that was promised, the same for every reader; else the instant. */
export function beginElement(at: number, locale: string): Html {
  const day = dayBegun(at);
  return day === undefined ? timeElement(at, locale) : dateElement(day, locale);
}

/** Until when something holds: its last day, the same for every reader; else the instant. */
export function endElement(at: number, locale: string): Html {
  const day = lastDay(at);
  return day === undefined ? timeElement(at, locale) : dateElement(day, locale);
}

/** A day in UTC: it stays what it is in every zone. */
export function dateElement(at: number, locale: string): Html {
  return html`<time datetime="${dayText(at)}">${longDays(locale).format(new Date(at * 1000))}</time>`;
}

/** A wait as a person says it, never shorter than it is: "in 12 minutes". */
export function duration(t: Translate, seconds: number): string {
  const [unit, count] = roundedUp(seconds);
  return t(`duration.${unit}`, { count });
}

/** The same span without its direction: "12 minutes". */
export function span(t: Translate, seconds: number): string {
  const [unit, count] = roundedUp(seconds);
  return t(`duration.span.${unit}`, { count });
}

/** Up to 90 minutes are told in minutes and up to two days in hours: rounding up an hour and a bit to two would mislead. */
function roundedUp(seconds: number): ['seconds' | 'minutes' | 'hours' | 'days', number] {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < MINUTE_SECONDS) return ['seconds', whole];
  if (whole <= 90 * MINUTE_SECONDS) return ['minutes', Math.ceil(whole / MINUTE_SECONDS)];
  if (whole <= 2 * DAY_SECONDS) return ['hours', Math.ceil(whole / HOUR_SECONDS)];
  return ['days', Math.ceil(whole / DAY_SECONDS)];
}
