import { consolePage } from '#features/console/frame-page.ts';
import { longDays, shareWords, wholeNumbers } from '#messages/per-locale.ts';
import { csvLinks, linkButton } from '#ui/parts/actions.ts';
import { grid, share } from '#ui/parts/grid.ts';
import { attributes, type Content, type Html, html } from '#ui/parts/html.ts';
import { dateElement, details } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { type Adoption, type Part, SIGN_IN_DAYS, SPANS } from './adoption.ts';
import { bars, curve } from './charts-page.ts';

const PATH = '/console/adoption';

/** The progress of all partners: charts, and below each chart the same numbers as a table. */
export function adoptionPage(view: View, page: Adoption): Html {
  const { t } = view;
  return consolePage(view, {
    title: t('console.adoption'),
    part: 'adoption',
    body:
      page.people === 0
        ? html`<div class="empty"><p>${t('adoption.empty')}</p>${linkButton('/console/partners/new', t('partners.add'), 'primary')}</div>`
        : html`<p class="lead">${t('adoption.lead', numbersOf(view, page))}</p>
${curvePart(view, page)}
${overduePart(view, page)}
<div class="beside">${signInPart(
            view,
            'proofs',
            labelled(page.proofs, (name) => t(`adoption.proof.${name}`)),
          )}
${signInPart(
  view,
  'refused',
  labelled(page.refusals, (name) => t(`adoption.why.${name}`)),
)}</div>
<p class="quiet">${csvLinks(t, `${PATH}/sign-ins.csv`, t('adoption.csv.signIns'))}</p>
${policyPart(view, page)}`,
  });
}

function numbersOf({ locale }: View, { people, enrolled }: Adoption) {
  return { people, enrolled, share: shareWords(locale, { people, enrolled }) };
}

function curvePart(view: View, page: Adoption): Html {
  const { t, locale } = view;
  const { days, people, enrolled, span } = page;
  const [first, last] = [days[0], days.at(-1)];
  const spans = SPANS.map(
    (one) =>
      html`<li><a${attributes({ href: `${PATH}?days=${one}`, 'aria-current': one === span ? 'true' : undefined })}>${t(`adoption.span.${one}`)}</a></li>`,
  );
  const day = (at: number) => longDays(locale).format(at * 1000);
  const drawn =
    first && last && days.length > 1
      ? curve({
          id: 'curve',
          title: t('adoption.curve'),
          locale,
          points: days,
          desc: t('adoption.curve.desc', {
            from: day(first.day),
            to: day(last.day),
            first: first.enrolled,
            last: last.enrolled,
            people,
          }),
          peopleLabel: t('adoption.curve.people', { people }),
          enrolledLabel: t('adoption.curve.enrolled', { enrolled }),
          markers: page.deadlines,
          markerText: (partners) => t('rollout.marker', { partners }),
        })
      : html`<p class="hint">${t('adoption.curve.young')}</p>`;
  return html`<section><div class="headed"><h2>${t('adoption.curve')}</h2><nav aria-label="${t('adoption.span')}"><ul class="spans">${spans}</ul></nav></div>
${drawn}
${details(t('adoption.table'), daysTable(view, page))}
<p class="quiet">${csvLinks(t, `${PATH}/days.csv?days=${span}`, t('adoption.csv.days'))}</p></section>`;
}

function daysTable(view: View, { days }: Adoption): Html {
  const { t, locale } = view;
  return grid({
    caption: t('adoption.curve'),
    columns: [
      { label: t('adoption.day') },
      { label: t('adoption.enrolled'), numeric: true },
      { label: t('adoption.people'), numeric: true },
    ],
    rows: days
      .toReversed()
      .map(({ day, people, enrolled }) => [dateElement(day, locale), count(view, enrolled), count(view, people)]),
    empty: '',
  });
}

function overduePart(view: View, { overdue }: Adoption): Html {
  const { t } = view;
  if (overdue.people === 0) {
    return html`<section><h2>${t('adoption.overdue')}</h2><p>${t('adoption.overdue.none')}</p></section>`;
  }
  return html`<section><h2>${t('adoption.overdue')}</h2><p>${t('adoption.overdue.lead', { people: overdue.people, partners: overdue.partners })}</p>
<div class="narrow">${grid({
    caption: t('adoption.overdue.top'),
    isShort: true,
    columns: [
      { label: t('partners.name'), phone: 'head' },
      { label: t('adoption.missing'), numeric: true, phone: 'side' },
    ],
    rows: overdue.most.map(({ id, name, missing }) => [
      html`<a href="/console/partners/${id}?state=missing">${name}</a>`,
      count(view, missing),
    ]),
    empty: '',
  })}</div>
<p class="quiet"><a href="/console/partners?overdue=yes">${t('adoption.overdue.all')}</a> · ${csvLinks(t, `${PATH}/overdue.csv`, t('adoption.csv.overdue'))}</p></section>`;
}

type Labelled = { readonly label: string; readonly count: number };

/** How people proved their sign-ins, or why sign-ins were refused. */
function signInPart(view: View, kind: 'proofs' | 'refused', named: readonly Labelled[]): Html {
  const { t, locale } = view;
  const whole = named.reduce((sum, part) => sum + part.count, 0);
  const title = t(`adoption.${kind}`);
  if (whole === 0) {
    const none = t(kind === 'proofs' ? 'adoption.noSignIns' : 'adoption.noRefusals');
    return html`<section><h2>${title}</h2><p class="hint">${none}</p></section>`;
  }
  const desc = named.map((part) => `${part.label}: ${part.count}`).join(', ');
  return html`<section><h2>${title}</h2><p class="hint">${t('adoption.lastDays', { days: SIGN_IN_DAYS, count: whole })}</p>
${bars({ id: kind, title, desc, locale, parts: named })}
${details(
  t('adoption.table'),
  grid({
    caption: title,
    columns: [
      { label: t(kind === 'proofs' ? 'adoption.proof' : 'adoption.reason') },
      { label: t('adoption.count'), numeric: true },
    ],
    rows: named.map((part) => [part.label, count(view, part.count)]),
    empty: '',
  }),
)}</section>`;
}

function labelled<Name extends string>(parts: readonly Part<Name>[], labelOf: (name: Name) => string) {
  return parts.map(({ name, count: times }) => ({ label: labelOf(name), count: times }));
}

const POLICY_ROWS = [
  ['required', false],
  ['required', true],
  ['optional', false],
  ['off', false],
] as const;

/** From the weakest policy to the strictest. Policies without a partner are left out. */
function policyPart(view: View, { policies }: Adoption): Html {
  const { t } = view;
  const rows = POLICY_ROWS.flatMap(([policy, isAhead]) => {
    const sum = policies.find((one) => one.policy === policy && one.isAhead === isAhead);
    return sum ? [{ ...sum, label: t(isAhead ? 'adoption.policy.ahead' : `policy.${policy}`) }] : [];
  });
  return html`<section><h2>${t('adoption.policies')}</h2>${grid({
    caption: t('adoption.policies'),
    columns: [
      { label: t('partners.policy') },
      { label: t('console.partners'), numeric: true },
      { label: t('adoption.people'), numeric: true },
      { label: t('adoption.enrolled'), numeric: true },
    ],
    rows: rows.map(({ label, partners, people, enrolled }) => [
      label,
      count(view, partners),
      count(view, people),
      share(enrolled, people, wholeNumbers(view.locale).format(enrolled)),
    ]),
    empty: '',
  })}</section>`;
}

function count({ locale }: View, value: number): Content {
  return wholeNumbers(locale).format(value);
}
