import { DAY_SECONDS } from '#core/time/spans.ts';
import { markersAt } from '#features/console/adoption/markers-page.ts';
import { shareWords } from '#messages/per-locale.ts';
import { type Html, html } from '#ui/parts/html.ts';

type Point = { readonly day: number; readonly people: number; readonly enrolled: number };
type Marker = { readonly day: number; readonly partners: number };

type Spark = {
  readonly id: string;
  readonly title: string;
  readonly desc: string;
  readonly locale: string;
  readonly points: readonly Point[];
  readonly markers: readonly Marker[];
  readonly markerText: (partners: number) => string;
  /** Days with a line and no words. */
  readonly moments?: readonly number[];
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
export function spark({ id, title, desc, locale, ...drawn }: Spark): Html {
  const { points, markers, markerText, moments = [], until } = drawn;
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || points.length < 2) return html``;
  const end = Math.max(last.day, until ?? last.day, first.day + DAY_SECONDS);
  const x = (day: number) => Number((((day - first.day) / (end - first.day)) * 100).toFixed(2));
  const y = (point: Point) => Number((BOTTOM - shareOf(point) * (BOTTOM - TOP)).toFixed(2));
  const line = points.map((point, index) => `${index === 0 ? 'M' : 'L'}${x(point.day)},${y(point)}`).join('');
  const dues = markers.map(({ day, partners }) => ({ percent: x(day), partners }));
  return html`<svg class="chart spark" width="100%" height="${HEIGHT}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${title}</title><desc id="${id}-desc">${desc}</desc>
<svg width="100%" height="${HEIGHT}" viewBox="0 0 100 ${HEIGHT}" preserveAspectRatio="none">
<path class="under" d="${line}L${x(last.day)},${BOTTOM}L0,${BOTTOM}Z"/><path class="line strong" d="${line}"/></svg>
<line class="rule" x1="0" x2="100%" y1="${BOTTOM}" y2="${BOTTOM}"/>
${markersAt({ to: BOTTOM, dues: moments.map((day) => ({ percent: x(day), partners: 0 })) })}
${markersAt({ to: BOTTOM, dues, textOf: markerText, isNarrow: true })}
<text class="tick" x="0" y="${HEIGHT - 6}">${shareWords(locale, first)}</text>
<text class="tick end strong" x="100%" y="${HEIGHT - 6}">${shareWords(locale, last)}</text></svg>`;
}

function shareOf({ people, enrolled }: Point): number {
  return people === 0 ? 0 : enrolled / people;
}

/** A part of a whole as a bar, exact to the percent. The numbers stand beside it. */
export function part(enrolled: number, people: number): Html {
  const width = people === 0 ? 0 : Math.round((enrolled * 100) / people);
  return html`<svg class="part-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="6"/><rect class="part" width="${width}" height="6"/></svg>`;
}
