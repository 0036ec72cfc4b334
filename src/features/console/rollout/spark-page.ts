import { DAY_SECONDS } from '#core/time/spans.ts';
import { percents } from '#messages/per-locale.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';

type Point = { readonly day: number; readonly people: number; readonly enrolled: number };
type Marker = { readonly day: number; readonly label: string | undefined };

type Spark = {
  readonly id: string;
  readonly title: string;
  readonly desc: string;
  readonly locale: string;
  readonly points: readonly Point[];
  readonly markers: readonly Marker[];
  /** The last day of the drawing, if it is after the last point. */
  readonly until?: number | undefined;
};

const HEIGHT = 112;
// Above the curve stand the words of the markers, below it those of the days.
const TOP = 24;
const BOTTOM = 88;

/**
 * The share of people with MFA over time, with the days on which it becomes required. The lines are in a box of their
 * own that stretches; the words keep their size.
 */
export function spark({ id, title, desc, locale, points, markers, until }: Spark): Html {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || points.length < 2) return html``;
  const end = Math.max(last.day, until ?? last.day, first.day + DAY_SECONDS);
  const x = (day: number) => Number((((day - first.day) / (end - first.day)) * 100).toFixed(2));
  const y = (point: Point) => Number((BOTTOM - shareOf(point) * (BOTTOM - TOP)).toFixed(2));
  const line = points.map((point, index) => `${index === 0 ? 'M' : 'L'}${x(point.day)},${y(point)}`).join('');
  const shown = markers.filter(({ day }) => day >= first.day && day <= end);
  return html`<svg class="chart spark" width="100%" height="${HEIGHT}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${title}</title><desc id="${id}-desc">${desc}</desc>
<svg width="100%" height="${HEIGHT}" viewBox="0 0 100 ${HEIGHT}" preserveAspectRatio="none">
<path class="under" d="${line}L${x(last.day)},${BOTTOM}L0,${BOTTOM}Z"/><path class="line strong" d="${line}"/></svg>
<line class="rule" x1="0" x2="100%" y1="${BOTTOM}" y2="${BOTTOM}"/>
${shown.map((marker) => markerOf(marker, x(marker.day)))}
<text class="tick" x="0" y="${HEIGHT - 6}">${percents(locale).format(shareOf(first))}</text>
<text class="tick end strong" x="100%" y="${HEIGHT - 6}">${percents(locale).format(shareOf(last))}</text></svg>`;
}

/** Its word stands on the side where there is room. */
function markerOf({ label }: Marker, percent: number): Content {
  const side = percent > 50 ? 'tick end' : 'tick';
  return html`<line class="marker" x1="${percent}%" x2="${percent}%" y1="${TOP - 8}" y2="${BOTTOM}"/>
${label !== undefined && html`<text class="${side}" x="${percent}%" dx="${percent > 50 ? -5 : 5}" y="14">${label}</text>`}`;
}

function shareOf({ people, enrolled }: Point): number {
  return people === 0 ? 0 : enrolled / people;
}

/** A part of a whole as a bar, exact to the percent. The numbers stand beside it. */
export function part(enrolled: number, people: number): Html {
  const width = people === 0 ? 0 : Math.round((enrolled * 100) / people);
  return html`<svg class="part-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="6"/><rect class="part" width="${width}" height="6"/></svg>`;
}
