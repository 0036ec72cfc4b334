import { peoplePath, STATES } from '#features/console/filters.ts';
import type { ListedPerson, PeopleList } from '#features/console/lists.ts';
import { csvLinks, linkButton } from '#ui/parts/actions.ts';
import { grid, pager } from '#ui/parts/grid.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { peopleFilter, personCells } from '#ui/parts/people.ts';
import { dateElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';

/** Search and filter for the people of a partner, and the invite button where inviting is possible. */
export function peopleTools(view: View, path: string, { search, state }: PeopleList, canInvite: boolean): Html {
  const { t } = view;
  return html`<div class="bar-above">${peopleFilter(view, { path, search, state, states: STATES })}${canInvite && html`<div class="actions">${linkButton(`${path}/people/new`, t('people.invite'))}</div>`}</div>`;
}

export function peopleGrid(view: View, path: string, list: PeopleList): Html {
  const { t } = view;
  const { rows, after, next } = list;
  const isFiltered = list.search !== undefined || list.state !== undefined;
  return html`${grid({
    caption: t('partner.people'),
    isShort: true,
    columns: [
      { label: t('people.name'), phone: 'head' },
      { label: t('people.state'), phone: 'end' },
      { label: t('people.mfa') },
      { label: t('people.codes'), numeric: true, phone: 'none' },
      { label: t('people.lastSignIn'), numeric: true, phone: 'none' },
    ],
    rows: rows.map((row) => cellsOf(view, row, list.undelivered.has(row.email))),
    empty: html`<p>${t(isFiltered ? 'people.noneFit' : 'people.none')}</p>`,
  })}
${pager(t, { first: after === undefined ? undefined : peoplePath(path, list), next: next && peoplePath(path, list, next) })}
${rows.length > 0 && html`<p class="quiet">${csvLinks(t, peoplePath(`${path}/people.csv`, list))}</p>`}`;
}

function cellsOf(view: View, row: ListedPerson, isUndelivered: boolean): readonly Content[] {
  const { t, locale } = view;
  return [
    ...personCells(view, row, { path: `/console/people/${row.id}`, isUndelivered }),
    row.enrolledAt === undefined ? '–' : row.codesLeft,
    row.lastSignInAt === undefined ? t('people.never') : dateElement(row.lastSignInAt, locale),
  ];
}
