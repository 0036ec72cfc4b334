import { ADOPTIONS, POLICIES, partnersPath } from '#features/console/filters.ts';
import { consolePage, type Done } from '#features/console/frame-page.ts';
import type { ListedPartner, PartnerList } from '#features/console/lists.ts';
import { part } from '#features/console/rollout/spark-page.ts';
import { percents } from '#messages/per-locale.ts';
import { csvLinks, linkButton, submitButton } from '#ui/parts/actions.ts';
import { filterForm, selectField } from '#ui/parts/choices.ts';
import { textField } from '#ui/parts/fields.ts';
import { type Column, grid, pager } from '#ui/parts/grid.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { beginElement, state } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';

const PATH = '/console/partners';

/** All partners, one page at a time. The address carries search, filters and order. */
export function partnersPage(view: View, list: PartnerList, done?: Done): Html {
  const { t } = view;
  const { filter, after, next, count } = list;
  // A whole email finds its person. That no partner has such a name would only confuse.
  const isPersonOnly = list.person !== undefined && count === 0;
  return consolePage(view, {
    title: t('console.partners'),
    part: 'partners',
    done,
    body: html`<div class="bar-above">${partnerFilters(view, list)}
<div class="actions">${linkButton('/console/bulk', t('bulk.jobs'))}${linkButton(`${PATH}/new`, t('partners.add'), 'primary')}</div></div>
<div id="results">${!isPersonOnly && html`<p class="count" role="status">${t('partners.count', { count })}</p>`}
${list.person && html`<p class="notice info" role="status">${t('partners.person')} <a href="/console/people/${list.person.id}">${list.person.name}, ${list.person.email}</a></p>`}
${!isPersonOnly && selectForm(view, list)}
${pager(t, {
  first: after && partnersPath(PATH, filter),
  next: next && partnersPath(PATH, filter, next),
})}
${count > 0 && html`<p class="quiet">${csvLinks(t, partnersPath(`${PATH}.csv`, filter))}</p>`}</div>`,
  });
}

/** The rows with their boxes. The form only leads on, so it is a GET; the filter goes along for the way back. */
function selectForm(view: View, list: PartnerList): Html {
  const { t } = view;
  const { filter, count } = list;
  const rows = grid({
    caption: t('console.partners'),
    isShort: true,
    columns: columnsOf(view, list),
    rows: list.rows.map((row) => cellsOf(view, row)),
    empty: emptyText(view, list),
  });
  if (list.rows.length === 0) return rows;
  const all = partnersPath('/console/bulk/new', filter);
  const fields = [...new URLSearchParams(all.split('?')[1])];
  return html`<form method="get" action="/console/bulk/new">${fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<div class="actions">${submitButton(t('bulk.selected'), 'quiet')}${linkButton(`${all}${all.includes('?') ? '&' : '?'}all=yes`, t('bulk.all', { count }))}</div>
${rows}</form>`;
}

function partnerFilters({ t }: View, { filter }: PartnerList): Html {
  return filterForm(
    PATH,
    t('partners.search'),
    textField({
      id: 'q',
      name: 'q',
      label: t('partners.search'),
      type: 'search',
      autocomplete: 'off',
      required: false,
      value: filter.search ?? '',
    }),
    {
      button: t('filter.show'),
      label: t('filter.more'),
      isOpen: partnersPath(PATH, { ...filter, search: undefined, sort: 'name' }) !== PATH,
      fields: html`${selects(t, filter)}
<input type="hidden" name="sort" value="${filter.sort}">`,
    },
  );
}

function selects(t: View['t'], filter: PartnerList['filter']): Html {
  const any = { value: '', label: t('filter.any') };
  return html`${selectField({
    id: 'policy',
    name: 'policy',
    label: t('partners.policy'),
    value: filter.policy,
    options: [any, ...POLICIES.map((value) => ({ value, label: t(`policy.${value}`) }))],
  })}
${selectField({
  id: 'adoption',
  name: 'adoption',
  label: t('partners.adoption'),
  value: filter.adoption,
  options: [any, ...ADOPTIONS.map((value) => ({ value, label: t(`adoption.${value}`) }))],
})}
${selectField({
  id: 'overdue',
  name: 'overdue',
  label: t('partners.overdue'),
  value: filter.overdue ? 'yes' : '',
  options: [any, { value: 'yes', label: t('partners.overdue.yes') }],
})}
${selectField({
  id: 'archived',
  name: 'archived',
  label: t('partners.archived'),
  value: filter.archived ? 'yes' : '',
  options: [
    { value: '', label: t('partners.archived.no') },
    { value: 'yes', label: t('partners.archived.yes') },
  ],
})}`;
}

function columnsOf({ t }: View, { filter }: PartnerList): readonly Column[] {
  const sorted = (sort: 'name' | 'adoption' | 'people') => ({
    href: partnersPath(PATH, { ...filter, sort }),
    isCurrent: filter.sort === sort,
    direction: sort === 'people' ? ('descending' as const) : ('ascending' as const),
  });
  return [
    { label: t('rollout.tick'), isTick: true },
    { label: t('partners.name'), sort: sorted('name'), phone: 'head' },
    { label: t('partners.policy') },
    { label: t('partners.people'), numeric: true, sort: sorted('people'), phone: 'none' },
    { label: t('partners.adoption'), numeric: true },
    { label: t('rollout.share'), numeric: true, sort: sorted('adoption'), phone: 'side' },
  ];
}

function cellsOf(view: View, row: ListedPartner): readonly Content[] {
  const { id, name, people, enrolled } = row;
  return [
    html`<input type="checkbox" name="partner" value="${id}" aria-label="${view.t('bulk.select', { name })}">`,
    html`<a href="${PATH}/${id}">${name}</a>`,
    policyState(view, row),
    people,
    view.t('adoption.of', { enrolled, people }),
    html`<span class="share"><span>${people === 0 ? '–' : percents(view.locale).format(Math.floor((enrolled * 100) / people) / 100)}</span> ${people > 0 && part(enrolled, people)}</span>`,
  ];
}

/** A dash, a dotted outline, and a filled arch; half filled means required from a date. */
const SHAPES = { off: 'none', optional: 'open', required: 'on' } as const;

/** The policy in words, with its date, and whether people are overdue. */
export function policyState(view: View, partner: Pick<ListedPartner, 'policy' | 'requiredFrom'>): Content {
  const { t, now, locale } = view;
  const { policy, requiredFrom } = partner;
  const isAhead = requiredFrom !== undefined && requiredFrom > now;
  if (policy !== 'required' || !isAhead) return state(t(`policy.${policy}`), SHAPES[policy]);
  return html`${state(t('policy.requiredFrom'), 'ahead')} ${beginElement(requiredFrom, locale)}`;
}

function emptyText({ t }: View, { filter }: PartnerList): Content {
  const isFiltered = partnersPath(PATH, { ...filter, sort: 'name' }) !== PATH;
  if (isFiltered) return html`<p>${t('partners.noneFit')} <a href="${PATH}">${t('filter.all')}</a></p>`;
  return html`<p>${t('partners.none')}</p>${linkButton(`${PATH}/new`, t('partners.add'), 'primary')}`;
}
