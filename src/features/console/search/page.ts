import { consolePage } from '#features/console/frame-page.ts';
import { policyState } from '#features/console/partners/partners-page.ts';
import { grid } from '#ui/parts/grid.ts';
import { type Html, html } from '#ui/parts/html.ts';
import type { View } from '#ui/view.ts';
import type { Found } from './search.ts';

/** What the search box found: partners first, then people. */
export function searchPage(view: View, found: Found): Html {
  const { t } = view;
  const { search, partners, people } = found;
  const isEmpty = partners.length === 0 && people.length === 0;
  return consolePage(view, {
    title: search === '' ? t('search.title') : t('search.titleOf', { search }),
    part: 'partners',
    search,
    body:
      search === ''
        ? html`<p class="lead">${t('search.lead')}</p>`
        : html`${isEmpty && html`<div class="empty"><p role="status">${t('search.none')}</p></div>`}
${partners.length > 0 && partnersPart(view, found)}
${people.length > 0 && peoplePart(view, found)}`,
  });
}

function partnersPart(view: View, { search, partners, allPartners }: Found): Html {
  const { t } = view;
  const all = `/console/partners?${new URLSearchParams({ q: search })}`;
  return html`<section><h2>${t('console.partners')}</h2>${grid({
    caption: t('console.partners'),
    isShort: true,
    columns: [{ label: t('partners.name'), phone: 'head' }, { label: t('partners.policy') }],
    rows: partners.map((row) => [html`<a href="/console/partners/${row.id}">${row.name}</a>`, policyState(view, row)]),
    empty: '',
  })}${allPartners > partners.length && html`<p class="quiet"><a href="${all}">${t('search.allPartners', { count: allPartners })}</a></p>`}</section>`;
}

function peoplePart(view: View, { people, hasMorePeople }: Found): Html {
  const { t } = view;
  return html`<section><h2>${t('partner.people')}</h2>${grid({
    caption: t('partner.people'),
    isShort: true,
    columns: [
      { label: t('people.name'), phone: 'head' },
      { label: t('field.email') },
      { label: t('partners.name'), phone: 'none' },
    ],
    rows: people.map(({ id, name, email, partner }) => [
      html`<a href="/console/people/${id}">${name}</a>`,
      html`<span class="anywhere">${email}</span>`,
      partner,
    ]),
    empty: '',
  })}${hasMorePeople && html`<p class="quiet">${t('search.more', { count: people.length })}</p>`}</section>`;
}
