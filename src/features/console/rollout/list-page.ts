import { DAY_SECONDS } from '#core/time/spans.ts';
import { percents, wholeNumbers } from '#messages/per-locale.ts';
import { csvLinks, linkButton } from '#ui/parts/actions.ts';
import { type Column, grid } from '#ui/parts/grid.ts';
import { attributes, type Content, type Html, html } from '#ui/parts/html.ts';
import { beginElement, dateElement, state } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { ROLL_OUT, type RollOutQuery, rollOutPath, VIEWS } from './query.ts';
import type { ListedRollOut, RollOut } from './roll-out.ts';
import { part } from './spark-page.ts';

type Shown = Pick<RollOut, 'query' | 'list' | 'pages'>;

/** The list below the numbers: its views, its rows to tick, and what can be done with them. */
export function listSection(view: View, page: Shown): Html {
  const { t } = view;
  const { query, list, pages } = page;
  const chips = VIEWS.map(
    (one) =>
      html`<li><a${attributes({ href: `${rollOutPath({ view: one })}#list`, 'aria-current': one === query.view ? 'true' : undefined })}>${t(`rollout.view.${one}`)}</a></li>`,
  );
  return html`<section id="list"><div class="headed"><h2>${t(`rollout.list.${query.view}`)} <small>${t('rollout.list.count', { partners: list.partners, people: list.missing })}</small></h2></div>
<nav aria-label="${t('rollout.views')}"><ul class="chips">${chips}<li><a href="/console/partners">${t('rollout.views.more')}</a></li></ul></nav>
${list.rows.length === 0 ? html`<div class="empty"><p>${t(`rollout.none.${query.view}`)}</p></div>` : selection(view, page)}
${pagesNav(view, query, pages)}</section>`;
}

/** The rows with their boxes. The form only leads on, so it is a GET; the view goes along for the way back. */
function selection(view: View, { query, list }: Shown): Html {
  const { t } = view;
  const path = rollOutPath({ view: query.view, from: query.from, until: query.until }, '/console/reminders');
  const fields = [...new URLSearchParams(path.split('?')[1])];
  return html`<form method="get" action="/console/reminders" data-ticks><input type="hidden" name="list" value="rollout">${fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<div class="ticked" role="group" aria-label="${t('rollout.ticked')}"><p aria-live="polite" data-ticks-text="${t('rollout.ticked.count')}">${t('rollout.ticked')}</p>
<button type="submit" class="button">${t('rollout.remind')}</button>
<button type="submit" class="button" formaction="/console/bulk/new">${t('rollout.policy')}</button>
<button type="submit" class="button" formaction="${ROLL_OUT}.csv" name="ticked" value="yes">${t('rollout.download')}</button>
${query.view !== 'undated' && html`<a href="${path}${path.includes('?') ? '&' : '?'}all=yes">${t('rollout.remindAll', { partners: list.partners })}</a>`}</div>
${grid({
  caption: t(`rollout.list.${query.view}`),
  isShort: true,
  columns: columnsOf(view, query),
  rows: list.rows.map((row) => cellsOf(view, query, row)),
  empty: '',
})}</form>
<p class="quiet">${csvLinks(t, rollOutPath({ ...query, page: 1 }, `${ROLL_OUT}.csv`))}</p>`;
}

function columnsOf({ t }: View, query: RollOutQuery): readonly Column[] {
  const sorted = (sort: RollOutQuery['sort'], direction: 'ascending' | 'descending') => {
    const isCurrent = query.sort === sort;
    const isTurned = isCurrent && query.isTurned;
    const other = direction === 'ascending' ? ('descending' as const) : ('ascending' as const);
    return {
      href: `${rollOutPath({ ...query, sort, isTurned: isCurrent && !isTurned, page: 1 })}#list`,
      isCurrent,
      direction: isTurned ? other : direction,
    };
  };
  const isOverdue = query.view === 'overdue';
  return [
    { label: t('rollout.tick'), isTick: true },
    { label: t('partners.name'), sort: sorted('name', 'ascending'), phone: 'head' },
    { label: t('partners.policy'), phone: 'none' },
    { label: t('adoption.missing'), numeric: true, sort: sorted('missing', 'descending'), phone: 'side' },
    { label: t('rollout.share'), numeric: true, sort: sorted('share', 'ascending') },
    {
      label: t(isOverdue ? 'rollout.since' : 'rollout.date'),
      sort: sorted('since', 'ascending'),
      phone: isOverdue ? 'none' : undefined,
    },
    {
      label: t(isOverdue ? 'rollout.late' : 'rollout.left'),
      numeric: true,
      sort: sorted('late', isOverdue ? 'descending' : 'ascending'),
      phone: isOverdue || query.view === 'due' ? 'said' : undefined,
    },
    { label: t('rollout.reminded'), sort: sorted('reminded', 'ascending'), phone: 'none' },
    { label: t('rollout.owner'), phone: 'none' },
  ];
}

function cellsOf(view: View, query: RollOutQuery, row: ListedRollOut): readonly Content[] {
  const { t, locale } = view;
  const { id, name, policy, people, enrolled, missing } = row;
  const percent = percents(locale).format(people === 0 ? 0 : Math.floor((enrolled * 100) / people) / 100);
  const isRequired = policy === 'required';
  return [
    html`<input${attributes({ type: 'checkbox', name: 'partner', value: id, id: `tick-${id}`, 'data-missing': String(missing) })}><label class="unseen" for="tick-${id}">${name}</label>`,
    html`<a href="/console/partners/${id}">${name}</a>`,
    state(
      t(isRequired && row.since > view.now ? 'policy.requiredFrom' : `policy.${policy}`),
      !isRequired ? (policy === 'off' ? 'none' : 'open') : row.since > view.now ? 'ahead' : 'on',
    ),
    html`<b>${wholeNumbers(locale).format(missing)}</b>`,
    html`<span class="share"><span>${people === 0 ? '–' : percent}</span> ${people > 0 && part(enrolled, people)}</span>`,
    isRequired ? beginElement(row.since, locale) : '–',
    isRequired ? daysCell(view, query, row.since) : '–',
    row.isAsked
      ? t('rollout.reminded.now')
      : row.remindedAt === undefined
        ? t('people.never')
        : dateElement(row.remindedAt, locale),
    row.owner === undefined
      ? html`<span class="hint">${t('rollout.owner.none')}</span>`
      : html`<abbr title="${row.owner}">${initials(row.owner)}</abbr>`,
  ];
}

/** Late days as a number under their heading; elsewhere with words, because both kinds stand in one list. */
function daysCell({ t, now }: View, { view }: RollOutQuery, since: number): Content {
  const late = Math.floor((now - since) / DAY_SECONDS);
  if (since > now) {
    const days = Math.ceil((since - now) / DAY_SECONDS);
    return view === 'due' ? String(days) : t('rollout.in', { days });
  }
  return view === 'overdue'
    ? html`<span class="late">${late === 0 ? '<1' : late}</span>`
    : html`<span class="late">${t('rollout.lateBy', { days: late })}</span>`;
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== '');
  return [words[0], words.length > 1 ? words.at(-1) : undefined]
    .map((word) => Array.from(word ?? '')[0] ?? '')
    .join('')
    .toLocaleUpperCase();
}

function pagesNav({ t }: View, query: RollOutQuery, pages: number): Content {
  if (pages === 1) return undefined;
  const { page } = query;
  const to = (other: number) => `${rollOutPath({ ...query, page: other })}#list`;
  return html`<nav class="actions" aria-label="${t('pager.label')}">${page > 1 && linkButton(to(page - 1), t('pager.previous'))}
<span class="hint">${t('pager.of', { page, pages })}</span>${page < pages && linkButton(to(page + 1), t('pager.next'))}</nav>`;
}
