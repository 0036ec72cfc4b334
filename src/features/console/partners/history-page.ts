import { spark } from '#features/console/rollout/spark-page.ts';
import { percents } from '#messages/per-locale.ts';
import { grid } from '#ui/parts/grid.ts';
import { attributes, type Content, type Html, html } from '#ui/parts/html.ts';
import { beginElement, dateElement, details } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import type { Moment, PartnerHistory } from './history.ts';

/** How the roll-out of a partner went and goes on: its curve, and what happened and will happen. */
export function historySection(view: View, { moments, days }: PartnerHistory): Html {
  const { t } = view;
  return html`<section><h2 id="timeline">${t('partner.history.title')}</h2><div class="beside">
<div>${curveOf(view, { moments, days })}</div>
${moments.length === 0 ? html`<p class="hint">${t('partner.history.none')}</p>` : html`<ol class="timeline">${moments.map((moment) => momentItem(view, moment))}</ol>`}</div></section>`;
}

function curveOf(view: View, { moments, days }: PartnerHistory): Html {
  const { t, locale } = view;
  const [first, last] = [days[0], days.at(-1)];
  if (!first || !last || days.length < 2) return html`<p class="hint">${t('partner.history.young')}</p>`;
  const percent = (day: typeof first) => percents(locale).format(day.people === 0 ? 0 : day.enrolled / day.people);
  const deadline = moments.find(({ kind }) => kind === 'deadline');
  const reminded = moments.filter(({ kind }) => kind === 'sent' || kind === 'asked');
  return html`${spark({
    id: 'share',
    title: t('partner.history.curve'),
    desc: t('rollout.history.desc', { first: percent(first), last: percent(last) }),
    locale,
    points: days,
    until: deadline?.at,
    moments: reminded.map(({ at }) => at),
    markers: deadline ? [{ day: deadline.at, partners: 1 }] : [],
    markerText: () => t('partner.history.deadline'),
  })}
<p class="hint">${t('partner.history.curve')} · ${dateElement(first.day, locale)} – ${dateElement(Math.max(last.day, deadline?.at ?? 0), locale)}</p>
${details(
  t('adoption.table'),
  grid({
    caption: t('partner.history.curve'),
    columns: [
      { label: t('adoption.day') },
      { label: t('adoption.enrolled'), numeric: true },
      { label: t('adoption.people'), numeric: true },
    ],
    rows: days.toReversed().map(({ day, enrolled, people }) => [dateElement(day, locale), enrolled, people]),
    empty: '',
  }),
)}`;
}

function momentItem(view: View, moment: Moment): Html {
  const isAhead = moment.at > view.now;
  return html`<li${attributes({ class: isAhead ? 'ahead' : undefined })}><span class="what">${beginElement(moment.at, view.locale)}</span> ${words(view, moment, isAhead)}</li>`;
}

function words(view: View, moment: Moment, isAhead: boolean): Content {
  const { t, locale } = view;
  switch (moment.kind) {
    case 'policy':
      return html`${t('partner.history.policy')} <b>${t(moment.to === 'required' && moment.from !== undefined ? 'policy.requiredFrom' : `policy.${moment.to}`)}</b>${moment.from !== undefined && html` ${beginElement(moment.from, locale)}`}${by(moment.actor)}`;
    case 'sent':
      return t(moment.daysBefore === 0 ? 'partner.history.sent.after' : 'partner.history.sent', {
        days: moment.daysBefore,
        people: moment.people,
      });
    case 'asked':
      return html`${t('partner.history.asked', { people: moment.people })}${by(moment.actor)}`;
    case 'ahead':
      return t('partner.history.ahead', { days: moment.daysBefore });
    case 'deadline':
      return html`<b>${t(isAhead ? 'partner.history.deadline.ahead' : 'partner.history.deadline.past')}</b>`;
  }
}

function by(actor: string | undefined): Content {
  return actor !== undefined && html` · <span class="hint anywhere">${actor}</span>`;
}
