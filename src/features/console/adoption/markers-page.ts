import { type Content, html } from '#ui/parts/html.ts';
import { type Due, type MarkerPlace, markerPlaces } from './places.ts';

type Markers = {
  readonly dues: readonly Due[];
  /** Absent for lines without words. */
  readonly textOf?: (partners: number) => string;
  /** Whether the drawing stays narrow on a wide screen. */
  readonly isNarrow?: boolean;
  /** Where the lines end. */
  readonly to: number;
};

const CLASSES: Readonly<Record<MarkerPlace['on'], string>> = { all: '', phones: ' few', desks: ' some' };

/** Thin lines on days, with words above them where there is room. Days outside the drawing are left out. */
export function markersAt({ dues, textOf, to, isNarrow }: Markers): Content {
  const shown = dues.filter(({ percent }) => percent >= 0 && percent <= 100);
  const places = textOf === undefined ? [] : markerPlaces(shown, textOf, isNarrow);
  const lines = shown.map(({ percent }) => {
    const x = `${percent.toFixed(2)}%`;
    return html`<line class="marker" x1="${x}" x2="${x}" y1="16" y2="${to}"/>`;
  });
  const words = places.map(
    ({ text, percent, isLeft, on }) =>
      html`<text class="${isLeft ? 'tick end' : 'tick'}${CLASSES[on]}" x="${percent.toFixed(2)}%" dx="${isLeft ? -5 : 5}" y="12">${text}</text>`,
  );
  return [...lines, ...words];
}
