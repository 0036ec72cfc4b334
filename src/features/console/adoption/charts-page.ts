import { scaleLinear, scaleUtc } from 'd3-scale';
import { area, line } from 'd3-shape';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { percents, perLocale, wholeNumbers } from '#messages/per-locale.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { markersAt } from './markers-page.ts';
import { type DayPlace, dayPlaces, endPlaces, type Spot } from './places.ts';

type Named = { readonly id: string; readonly title: string; readonly desc: string };

type Point = { readonly day: number; readonly people: number; readonly enrolled: number };

type Curve = Named & {
  readonly points: readonly Point[];
  readonly locale: string;
  /** The labels at the end of each line. */
  readonly peopleLabel: string;
  readonly enrolledLabel: string;
  readonly markers: readonly Marker[];
  /** The words beside a marker. */
  readonly markerText: (partners: number) => string;
};

/** A day on which MFA became required for partners. */
type Marker = { readonly day: number; readonly partners: number };

const shortNumbers = perLocale((locale) => new Intl.NumberFormat(locale, { notation: 'compact' }));
const shortDays = perLocale(
  (locale) => new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' }),
);

const HEIGHT = 260;
const BOTTOM = 28;
// Above the plot stand the words of the markers and the label of the upper line.
const TOP = 44;
// Lines so close together, so low at their end, that both labels stand above them.
const TOP_OF_TWO = 64;

/**
 * People, and people with an authenticator, over time. The x axis is in percent of the width, so one drawing fits every
 * screen without scaling its text. Only the box with the lines is stretched.
 */
export function curve(drawn: Curve): Html {
  const { id, title, desc, points, locale, peopleLabel, enrolledLabel } = drawn;
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return html``;
  const across = scaleUtc([dateOf(first.day), dateOf(last.day)], [0, 100]);
  const { up, upper, lower, places } = layOut(drawn, (day) => across(dateOf(day)), TOP);
  const lineOf = line<Spot>(
    ({ x }) => x,
    ({ y }) => y,
  ).digits(2);
  const enrolledArea =
    area<Spot>(
      ({ x }) => x,
      up(0),
      ({ y }) => y,
    ).digits(2)(lower) ?? '';
  const [number, day] = [shortNumbers(locale), shortDays(locale)];
  // Over a few days, ticks fall on hours too.
  const ticks = across.ticks(6).filter((date) => date.getTime() % (DAY_SECONDS * 1000) === 0);
  const days = ticks.map((date) => ({ percent: across(date), text: day.format(date) }));
  return html`<div class="plot"><svg class="chart" width="100%" height="${HEIGHT}" aria-hidden="true">
${up.ticks(4).map((value) => html`<text class="tick end" x="100%" y="${up(value) + 4}">${number.format(value)}</text>`)}</svg>
<svg class="chart" width="100%" height="${HEIGHT}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${title}</title><desc id="${id}-desc">${desc}</desc>
${up.ticks(4).map((value) => html`<line class="rule" x1="0" x2="100%" y1="${up(value)}" y2="${up(value)}"/>`)}
<svg width="100%" height="${HEIGHT}" viewBox="0 0 100 ${HEIGHT}" preserveAspectRatio="none">
<path class="under" d="${enrolledArea}"/><path class="line" d="${lineOf(upper) ?? ''}"/>
<path class="line strong" d="${lineOf(lower) ?? ''}"/></svg>
${markersOf(drawn, (at) => across(dateOf(at)))}
${dayPlaces(days).map(dayTick)}
<text class="label" x="100%" y="${places?.upperAt}">${peopleLabel}</text>
<text class="label strong" x="100%" y="${places?.lowerAt}">${enrolledLabel}</text></svg></div>`;
}

/** The two lines, and room for their labels. */
function layOut(
  { points, peopleLabel, enrolledLabel }: Pick<Curve, 'points' | 'peopleLabel' | 'enrolledLabel'>,
  x: (day: number) => number,
  top: number,
) {
  const up = scaleLinear([0, Math.max(...points.map(({ people }) => people), 1)], [HEIGHT - BOTTOM, top]).nice(4);
  const upper = points.map(({ day, people }) => ({ x: x(day), y: up(people) }));
  const lower = points.map(({ day, enrolled }) => ({ x: x(day), y: up(enrolled) }));
  const places = endPlaces({ upper, lower, labels: [peopleLabel, enrolledLabel], floor: HEIGHT - BOTTOM });
  if (places === undefined && top < TOP_OF_TWO) return layOut({ points, peopleLabel, enrolledLabel }, x, TOP_OF_TWO);
  return { up, upper, lower, places };
}

/** The days on which partners became required. */
function markersOf({ markers, markerText }: Curve, x: (day: number) => number): Content {
  const dues = markers.map(({ day, partners }) => ({ percent: x(day), partners }));
  return markersAt({ dues, textOf: markerText, to: HEIGHT - BOTTOM });
}

/** A phone leaves out the days that have no room there. */
function dayTick({ percent, text, isOnPhones }: DayPlace): Content {
  return html`<text class="${isOnPhones ? 'tick day' : 'tick day some'}" x="${percent.toFixed(2)}%" y="${HEIGHT - 6}">${text}</text>`;
}

function dateOf(day: number): Date {
  return new Date(day * 1000);
}

type Bars = Named & {
  readonly locale: string;
  readonly parts: readonly { readonly label: string; readonly count: number }[];
};

const ROW = 46;

/** The share of each part. Its label and its number are above its bar. */
export function bars({ id, title, desc, locale, parts }: Bars): Html {
  const whole = parts.reduce((sum, { count }) => sum + count, 0);
  const width = scaleLinear([0, Math.max(whole, 1)], [0, 100]);
  const [number, percent] = [wholeNumbers(locale), percents(locale)];
  const rows = parts.map(({ label, count }, index) => {
    const y = index * ROW;
    return html`<text class="name" x="0" y="${y + 16}">${label}</text>
<text class="value" x="100%" y="${y + 16}">${number.format(count)} · ${percent.format(whole === 0 ? 0 : count / whole)}</text>
<rect class="track" x="0" y="${y + 24}" width="100%" height="8" rx="4"/>
<rect class="part" x="0" y="${y + 24}" width="${Math.max(width(count), 0.5).toFixed(2)}%" height="8" rx="4"/>`;
  });
  return html`<svg class="chart" width="100%" height="${parts.length * ROW}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${title}</title><desc id="${id}-desc">${desc}</desc>
${rows}</svg>`;
}
