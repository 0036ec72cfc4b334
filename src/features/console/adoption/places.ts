/**
 * Places for the words of a chart, so that none covers another or a line. The x axis is in percent of the width, and
 * the width of the screen is unknown here: a place that is free on the narrowest phone is free everywhere.
 */

// The plot on a screen of 320 pixels.
const NARROWEST_PIXELS = 215;
// The plot on the narrowest screen that is no phone, 640 pixels.
const NARROW_PIXELS = 530;
// A spark in its tile, beside four others.
const SPARK_PIXELS = 200;
/** The widest mean of a letter, as a part of the size of the letters. */
const LETTER = 0.6;
const LABEL_SIZE = 14;
const TICK_SIZE = 12;

/** From the baseline of a label to its upper and lower edge. */
const ASCENT = 12;
const DESCENT = 4;
/** Between a marker and its label, and between that and the next. */
const BESIDE_PIXELS = 12;
const LINE_GAP = 9;
const LABEL_STEP = 20;
/** The height that the words of markers take at the top. */
const MARKER_BAND = 18;

/** How much of the narrowest plot a text takes, in percent. */
function widthOf(text: string, size: number, pixels = NARROWEST_PIXELS): number {
  return Math.min((text.length * size * LETTER * 100) / pixels, 100);
}

export type Spot = { readonly x: number; readonly y: number };
type Reach = { readonly top: number; readonly bottom: number };

/** The highest and the lowest place of a line, right of `from`. */
function reachOf(line: readonly Spot[], from: number): Reach {
  const heights = line.flatMap(({ x, y }, index) => {
    if (x >= from) return [y];
    const next = line[index + 1];
    // The line enters the part between two of its spots.
    return next !== undefined && next.x >= from ? [y + ((next.y - y) * (from - x)) / (next.x - x)] : [];
  });
  return { top: Math.min(...heights), bottom: Math.max(...heights) };
}

type Ends = {
  readonly upper: readonly Spot[];
  readonly lower: readonly Spot[];
  readonly labels: readonly [upper: string, lower: string];
  /** Where the plot ends below. */
  readonly floor: number;
};

type EndPlaces = { readonly upperAt: number; readonly lowerAt: number };

/**
 * The baselines of the labels at the right end of two lines. The upper line has its label above it; the lower line
 * has it between the lines, below both, or above both. That last place is missing if the lines reach too high.
 */
export function endPlaces({ upper, lower, labels, floor }: Ends): EndPlaces | undefined {
  const from = 100 - Math.max(...labels.map((label) => widthOf(label, LABEL_SIZE)));
  const [above, below] = [reachOf(upper, from), reachOf(lower, from)];
  const upperAt = above.top - LINE_GAP;
  const between = below.top - LINE_GAP;
  if (between - ASCENT > above.bottom + DESCENT) return { upperAt, lowerAt: between };
  const under = below.bottom + LINE_GAP + ASCENT;
  if (under + DESCENT < floor) return { upperAt, lowerAt: under };
  const stacked = upperAt - LABEL_STEP;
  return stacked - ASCENT < MARKER_BAND ? undefined : { upperAt: stacked, lowerAt: upperAt };
}

/** Some partners that became required on one day. */
export type Due = { readonly percent: number; readonly partners: number };

type MarkerLabel = {
  readonly text: string;
  /** Where it begins, or where it ends. */
  readonly percent: number;
  readonly isLeft: boolean;
};

export type MarkerPlace = MarkerLabel & { readonly on: 'phones' | 'desks' | 'all' };

/**
 * A label beside each marker. Markers whose labels would meet share one, with the sum of their partners.
 *
 * @param isNarrow for a drawing that stays narrow on a wide screen
 */
export function markerPlaces(
  all: readonly Due[],
  textOf: (partners: number) => string,
  isNarrow = false,
): readonly MarkerPlace[] {
  const widths = isNarrow ? [SPARK_PIXELS, SPARK_PIXELS] : [NARROWEST_PIXELS, NARROW_PIXELS];
  const [onPhones, onDesks] = widths.map((pixels) => labelsAt(all, textOf, pixels));
  const isSame = (one: MarkerLabel) => (other: MarkerLabel) =>
    one.text === other.text && one.percent === other.percent && one.isLeft === other.isLeft;
  if (onPhones === undefined || onDesks === undefined) return [];
  return [
    ...onPhones.filter((one) => !onDesks.some(isSame(one))).map((one) => ({ ...one, on: 'phones' as const })),
    ...onDesks.map((one) => ({ ...one, on: onPhones.some(isSame(one)) ? ('all' as const) : ('desks' as const) })),
  ];
}

function labelsAt(all: readonly Due[], textOf: (partners: number) => string, pixels: number): readonly MarkerLabel[] {
  let groups = all.toSorted((one, other) => one.percent - other.percent).map((one) => [one]);
  while (true) {
    const labels: MarkerLabel[] = [];
    let taken = 0;
    const stuck = groups.findIndex((group) => {
      const text = textOf(group.reduce((sum, { partners }) => sum + partners, 0));
      const width = widthOf(text, TICK_SIZE, pixels) + (BESIDE_PIXELS * 100) / pixels;
      const label = besideGroup(group, { text, width, taken });
      if (label === undefined) return true;
      labels.push(label);
      taken = label.isLeft ? label.percent : label.percent + width;
      return false;
    });
    // One label alone that fits on neither side of its marker is wider than half of the plot: the marker has none.
    if (stuck === -1 || groups.length === 1) return labels;
    const first = Math.max(stuck - 1, 0);
    groups = groups.toSpliced(first, 2, groups.slice(first, first + 2).flat());
  }
}

/** Right of the first marker of a group, or left of its last one; nowhere if neither is free. */
function besideGroup(
  group: readonly Due[],
  { text, width, taken }: { readonly text: string; readonly width: number; readonly taken: number },
): MarkerLabel | undefined {
  const [first, last] = [group[0]?.percent ?? 0, group.at(-1)?.percent ?? 0];
  if (first >= taken && first + width <= 100) return { text, percent: first, isLeft: false };
  return last - width >= taken ? { text, percent: last, isLeft: true } : undefined;
}

export type DayPlace = { readonly percent: number; readonly text: string; readonly isOnPhones: boolean };

/** The days under the plot that have room, and those of them that have room on a phone. Each is centred. */
export function dayPlaces(days: readonly { readonly percent: number; readonly text: string }[]): readonly DayPlace[] {
  const onPhones = spread(days, NARROWEST_PIXELS, []);
  return spread(days, NARROW_PIXELS, onPhones).map((one) => ({ ...one, isOnPhones: onPhones.includes(one) }));
}

function spread<Day extends { readonly percent: number; readonly text: string }>(
  days: readonly Day[],
  pixels: number,
  sure: readonly Day[],
): readonly Day[] {
  const half = ({ text }: Day) => widthOf(`${text} `, TICK_SIZE, pixels) / 2;
  const kept: Day[] = [...sure];
  for (const day of days) {
    const isInside = day.percent >= half(day) && day.percent <= 100 - half(day);
    const isFree = kept.every((one) => Math.abs(one.percent - day.percent) >= half(one) + half(day));
    if (isInside && isFree) kept.push(day);
  }
  return kept.toSorted((one, other) => one.percent - other.percent);
}
