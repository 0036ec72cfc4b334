import type { Translate } from '#messages/messages.ts';
import { linkButton } from './actions.ts';
import { attributes, type Content, type Html, html } from './html.ts';

export type Column = {
  readonly label: string;
  /** Right-aligned, so that digits line up. */
  readonly numeric?: boolean;
  /** A column of boxes to tick. Its heading is only read aloud. */
  readonly isTick?: boolean;
  /**
   * Its place in a list of two lines on a phone: the first line, its end without or after its heading, after its heading
   * in the second, or nowhere.
   */
  readonly phone?: undefined | 'head' | 'end' | 'side' | 'said' | 'none';
  /** The link that sorts by this column; `isCurrent` if the list is already sorted by it. */
  readonly sort?: {
    readonly href: string;
    readonly isCurrent: boolean;
    readonly direction: 'ascending' | 'descending';
  };
};

type Grid = {
  readonly caption: string;
  /** Two lines for each row on a phone, in place of a card. */
  readonly isShort?: boolean;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Content[])[];
  /** What the person can do first when the list is empty. */
  readonly empty: Content;
};

/** A dense table whose header stays visible. On a phone it becomes a list of cards. */
export function grid({ caption, isShort, columns, rows, empty }: Grid): Html {
  if (rows.length === 0) return html`<div class="empty">${empty}</div>`;
  const cells = (row: readonly Content[]) =>
    row.map((cell, index) => {
      const column = columns[index] ?? { label: '' };
      const marks = attributes({ class: classOf(column), 'data-label': (!column.isTick && column.label) || undefined });
      return html`<td role="cell"${marks}><div>${cell}</div></td>`;
    });
  return html`<table role="table" class="${isShort ? 'grid short' : 'grid'}"><caption class="unseen">${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map(head)}</tr></thead>
<tbody role="rowgroup">${rows.map((row) => html`<tr role="row">${cells(row)}</tr>`)}</tbody></table>`;
}

function classOf({ numeric, isTick, phone }: Column): string | undefined {
  const classes = [numeric && 'number', isTick && 'tick', phone && `at-${phone}`].filter((one) => one);
  return classes.length === 0 ? undefined : classes.join(' ');
}

function head(column: Column): Html {
  const { label, isTick, sort } = column;
  if (label === '') return html`<td role="cell"></td>`;
  if (isTick) return html`<th scope="col" role="columnheader" class="tick"><span class="unseen">${label}</span></th>`;
  const marks = attributes({
    class: classOf(column),
    'aria-sort': sort?.isCurrent ? sort.direction : undefined,
  });
  return html`<th scope="col" role="columnheader"${marks}>${sort ? html`<a href="${sort.href}">${label}</a>` : label}</th>`;
}

type Pages = { readonly first: string | undefined; readonly next: string | undefined };

/** Links to the next page of a list and back to its first page. */
export function pager(t: Translate, { first, next }: Pages): Content {
  if (first === undefined && next === undefined) return undefined;
  return html`<nav class="actions" aria-label="${t('pager.label')}">${first !== undefined && linkButton(first, t('pager.first'))}
${next !== undefined && linkButton(next, t('pager.next'))}</nav>`;
}

type Tab = { readonly href: string; readonly label: string; readonly isCurrent: boolean };

/** The parts of an area, above its pages. */
export function tabs(label: string, items: readonly Tab[]): Html {
  return html`<nav class="tabs" aria-label="${label}"><ul>${items.map(
    (item) =>
      html`<li><a href="${item.href}"${attributes({ 'aria-current': item.isCurrent ? 'page' : undefined })}>${item.label}</a></li>`,
  )}</ul></nav>`;
}

/** A part of a whole, as a bar beside its numbers. The text alone contains all information. */
export function share(part: number, whole: number, text: string): Html {
  const tenths = whole === 0 ? 0 : Math.floor((part * 10) / whole);
  return html`<span class="share"><span>${text}</span> <span class="bar s${tenths}" aria-hidden="true"></span></span>`;
}
