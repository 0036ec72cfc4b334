import { DAY_SECONDS } from '#core/time/spans.ts';
import { consolePage, type Done } from '#features/console/frame-page.ts';
import { percents, shareWords, wholeNumbers } from '#messages/per-locale.ts';
import { linkButton } from '#ui/parts/actions.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { dateElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { listSection } from './list-page.ts';
import { dayOf, ROLL_OUT, rollOutPath } from './query.ts';
import type { RollOut, Week } from './roll-out.ts';
import { part, spark } from './spark-page.ts';

/** What happened before: an act, or a button without a ticked row. */
type Outcome = { readonly done: Done | undefined; readonly isNothingTicked: boolean };

/** The first page of the console: how far everybody is, what needs work, the weeks ahead, and a list to act on. */
export function rollOutPage(view: View, page: RollOut, { done, isNothingTicked }: Outcome): Html {
  const { t } = view;
  if (page.partners === 0) {
    return consolePage(view, {
      title: t('console.rollout'),
      part: 'rollout',
      done,
      body: html`<div class="empty"><p>${t('partners.none')}</p>${linkButton('/console/partners/new', t('partners.add'), 'primary')}</div>`,
    });
  }
  return consolePage(view, {
    title: t('rollout.headline', { share: shareWords(view.locale, page) }),
    part: 'rollout',
    isOpen: true,
    done,
    refusal: isNothingTicked ? { title: t('rollout.nothingTicked') } : undefined,
    body: html`<p class="lead">${lead(view, page)}</p>
${numbers(view, page)}
${weeks(view, page)}
${listSection(view, page)}`,
  });
}

function lead(view: View, { people, enrolled, partners, points, forecast }: RollOut): Content {
  const { t, locale } = view;
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const moved = points === undefined || Math.abs(points) < 0.05 ? undefined : points;
  return html`${t('rollout.lead', { enrolled, people, partners })}${
    moved !== undefined &&
    html` · ${t(moved > 0 ? 'rollout.up' : 'rollout.down', { points: number.format(Math.abs(moved)) })}`
  }${
    forecast !== undefined &&
    html` · ${t('rollout.forecast', { goal: percents(locale).format(forecast.goal) })} ${dateElement(forecast.at, locale)}`
  }`;
}

function numbers(view: View, page: RollOut): Html {
  const figures = [overdueFigure(view, page), ...planFigures(view, page), lastFigure(view, page)];
  return html`<section class="numbers" aria-label="${view.t('rollout.numbers')}">${history(view, page)}
${figures.map((one) => figure(view, one))}</section>`;
}

function overdueFigure({ t, now }: View, { overdue }: RollOut): Figure {
  const { missing, partners, oldest } = overdue;
  const days = oldest === undefined ? 0 : Math.floor((now - oldest) / DAY_SECONDS);
  return {
    href: listPath('overdue'),
    label: t('rollout.view.overdue'),
    value: missing,
    unit: t('rollout.people', { people: missing }),
    note: missing === 0 ? t('rollout.overdue.none') : t('rollout.overdue.note', { partners, days }),
    isGrave: missing > 0,
  };
}

function planFigures({ t }: View, { soon, undated }: RollOut): readonly Figure[] {
  return [
    {
      href: listPath('due'),
      label: t('rollout.view.due'),
      value: soon.missing,
      unit: t('rollout.people', { people: soon.missing }),
      note: t('rollout.due.note', { partners: soon.partners, people: soon.people }),
    },
    {
      href: listPath('undated'),
      label: t('rollout.view.undated'),
      value: undated.missing,
      unit: t('rollout.people', { people: undated.missing }),
      note: t('rollout.undated.note', { partners: undated.partners }),
    },
  ];
}

/** The resets that wait; where none needs a second person, the exemptions that end soon. */
function lastFigure({ t }: View, { resets, ending }: RollOut): Figure {
  return resets === undefined
    ? {
        href: listPath('exempt'),
        label: t('rollout.view.exempt'),
        value: ending,
        unit: t('rollout.people', { people: ending }),
        note: t('rollout.exempt.note'),
      }
    : {
        href: '/console/resets',
        label: t('rollout.waiting'),
        value: resets.waiting,
        unit: t('rollout.resets', { resets: resets.waiting }),
        note: t('rollout.waiting.note', { resets: resets.yours }),
      };
}

function listPath(view: RollOut['query']['view']): string {
  return `${rollOutPath({ view })}#list`;
}

type Figure = {
  readonly href: string;
  readonly label: string;
  readonly value: number;
  readonly unit: string;
  readonly note: string;
  readonly isGrave?: boolean;
};

function figure({ locale }: View, { href, label, value, unit, note, isGrave }: Figure): Html {
  return html`<a class="figure${isGrave && ' grave'}" href="${href}"><span class="what">${label}</span>
<span class="much"><b>${wholeNumbers(locale).format(value)}</b> ${unit}</span>
<span class="what">${note}</span></a>`;
}

function history(view: View, { days, deadlines }: RollOut): Html {
  const { t, locale } = view;
  const [first, last] = [days[0], days.at(-1)];
  const percent = (day: typeof first) => shareWords(locale, day ?? { people: 0, enrolled: 0 });
  const drawn =
    days.length < 2
      ? html`<p class="hint">${t('rollout.history.young')}</p>`
      : spark({
          id: 'history',
          title: t('rollout.history'),
          desc: t('rollout.history.desc', { first: percent(first), last: percent(last) }),
          locale,
          points: days,
          markers: deadlines,
          markerText: (partners) => t('rollout.marker', { partners }),
        });
  return html`<div class="figure wide"><span class="what">${t('rollout.history')}</span>${drawn}
<a class="what" href="/console/adoption">${t('rollout.history.more')}</a></div>`;
}

function weeks(view: View, { weeks: all, overdue }: RollOut): Html {
  const { t, locale } = view;
  const short = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' });
  const label = ({ from, until }: Week, index: number) => {
    if (index === 0) return t('rollout.week.this');
    return until === undefined ? t('rollout.week.later') : short.format(from * 1000);
  };
  return html`<section><div class="headed"><h2>${t('rollout.deadlines')} <small>${t('rollout.deadlines.hint')}</small></h2>
<a href="${ROLL_OUT}/calendar">${t('calendar.title')}</a></div>
<ol class="weeks">${week(view, { label: t('rollout.view.overdue'), href: rollOutPath({ view: 'overdue' }), sums: overdue, isGrave: overdue.missing > 0 })}
${all.map((one, index) => {
  const until = one.until === undefined ? undefined : dayOf(one.until);
  const href = rollOutPath({ view: 'due', from: dayOf(one.from), until });
  return week(view, { label: label(one, index), href, sums: one, isGrave: false });
})}</ol></section>`;
}

type Cell = {
  readonly label: string;
  readonly href: string;
  readonly sums: Pick<Week, 'partners' | 'people' | 'enrolled' | 'missing'>;
  readonly isGrave: boolean;
};

function week({ t, locale }: View, { label, href, sums, isGrave }: Cell): Html {
  const { partners, people, enrolled, missing } = sums;
  const body = html`<span class="what">${label}</span>
<b>${wholeNumbers(locale).format(missing)}</b>
<span class="what">${t('rollout.week.partners', { partners })}</span>${partners > 0 && part(enrolled, people)}`;
  return html`<li${isGrave && html` class="grave"`}>${partners === 0 ? html`<div>${body}</div>` : html`<a href="${href}#list">${body}</a>`}</li>`;
}
