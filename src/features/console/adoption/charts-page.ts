import { scaleLinear, scaleUtc } from 'd3-scale';
import { area, line } from 'd3-shape';
import { percents, perLocale, wholeNumbers } from '#messages/per-locale.ts';
import { attributes, type Content, type Html, html } from '#ui/parts/html.ts';

type Named = { readonly id: string; readonly title: string; readonly desc: string };

type Point = { readonly day: number; readonly people: number; readonly enrolled: number };

type Curve = Named & {
  readonly points: readonly Point[];
  readonly locale: string;
  /** The labels at the end of each line. */
  readonly peopleLabel: string;
  readonly enrolledLabel: string;
  readonly markers: readonly Marker[];
};

/** A day on which MFA became required for partners. */
type Marker = { readonly day: number; readonly label: string | undefined };

const shortNumbers = perLocale((locale) => new Intl.NumberFormat(locale, { notation: 'compact' }));
const shortDays = perLocale(
  (locale) => new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' }),
);

const HEIGHT = 260;
// The words of the markers and the label of the upper line stand above the plot.
const TOP = 44;
const BOTTOM = 28;
// Two labels closer than this would overlap.
const LABEL_GAP = 22;

/**
 * People, and people with an authenticator, over time. The x axis is in percent of the width, so one drawing fits every
 * screen without scaling its text. Only the box with the lines is stretched.
 */
export function curve({ id, title, desc, points, locale, peopleLabel, enrolledLabel, markers }: Curve): Html {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return html``;
  const across = scaleUtc([dateOf(first.day), dateOf(last.day)], [0, 100]);
  const up = scaleLinear([0, Math.max(...points.map(({ people }) => people), 1)], [HEIGHT - BOTTOM, TOP]).nice(4);
  const x = ({ day }: Point) => across(dateOf(day));
  const lineOf = (value: (point: Point) => number) =>
    line<Point>(x, (point) => up(value(point))).digits(2)(points) ?? '';
  const enrolledArea = area<Point>(x, up(0), ({ enrolled }) => up(enrolled)).digits(2)(points) ?? '';
  const peopleAt = up(last.people) - 9;
  // The label goes below its line when the other label leaves no room above.
  const isClose = up(last.enrolled) - up(last.people) < LABEL_GAP;
  const enrolledAt = up(last.enrolled) + (isClose ? 20 : -9);
  const [number, day] = [shortNumbers(locale), shortDays(locale)];
  return html`<div class="plot"><svg class="chart" width="100%" height="${HEIGHT}" aria-hidden="true">
${up.ticks(4).map((value) => html`<text class="tick end" x="100%" y="${up(value) + 4}">${number.format(value)}</text>`)}</svg>
<svg class="chart" width="100%" height="${HEIGHT}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${title}</title><desc id="${id}-desc">${desc}</desc>
${up.ticks(4).map((value) => html`<line class="rule" x1="0" x2="100%" y1="${up(value)}" y2="${up(value)}"/>`)}
<svg width="100%" height="${HEIGHT}" viewBox="0 0 100 ${HEIGHT}" preserveAspectRatio="none">
<path class="under" d="${enrolledArea}"/><path class="line" d="${lineOf(({ people }) => people)}"/>
<path class="line strong" d="${lineOf(({ enrolled }) => enrolled)}"/></svg>
${markers.map((marker) => markerOf(marker, across(dateOf(marker.day))))}
${across.ticks(6).map((date, index) => dayTick(across(date), day.format(date), index))}
<text class="label" x="100%" y="${peopleAt}">${peopleLabel}</text>
<text class="label strong" x="100%" y="${enrolledAt}">${enrolledLabel}</text></svg></div>`;
}

/** A day on which partners became required. Its words stand at the top, on the side where there is room. */
function markerOf({ label }: Marker, percent: number): Content {
  if (percent < 0 || percent > 100) return undefined;
  const x = `${percent.toFixed(2)}%`;
  return html`<line class="marker" x1="${x}" x2="${x}" y1="${TOP - 8}" y2="${HEIGHT - BOTTOM}"/>
${label !== undefined && html`<text${attributes({ class: percent > 50 ? 'tick end' : 'tick' })} x="${x}" dx="${percent > 50 ? -5 : 5}" y="12">${label}</text>`}`;
}

/** A phone leaves out every other tick. */
function dayTick(percent: number, label: string, index: number): Content {
  // Either edge of the drawing would cut these labels off.
  if (percent < 4 || percent > 96) return undefined;
  return html`<text${attributes({ class: index % 2 === 0 ? 'tick day' : 'tick day some', x: `${percent.toFixed(2)}%` })} y="${HEIGHT - 6}">${label}</text>`;
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
