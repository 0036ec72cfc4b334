import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curve } from '#features/console/adoption/charts-page.ts';
import { spark } from '#features/console/rollout/spark-page.ts';

const DAY = 86_400;
const START = 1_790_000_000 - (1_790_000_000 % DAY);
/** The plot on a screen of 320, 390, 640 and 1280 pixels. */
const WIDTHS = [215, 300, 530, 1100];
/** In pixels for each letter: the mean of a sans-serif is narrower. */
const LETTER: Readonly<Record<string, number>> = { label: 8.4, tick: 7.2 };
/** Letters of 14 pixels reach so far above and below their baseline. */
const [ASCENT, DESCENT] = [11, 3];

type Box = {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
};

type Data = {
  readonly points: readonly { readonly day: number; readonly people: number; readonly enrolled: number }[];
  readonly markers: readonly { readonly day: number; readonly partners: number }[];
};

/** The same numbers in every run. */
function dice(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return Math.floor((state / 4_294_967_296) * (most + 1));
  };
}

/** Curves that climb, fall, stay at nothing or follow each other closely, and up to five deadlines. */
function dataOf(seed: number): Data {
  const roll = dice(seed);
  const length = 2 + roll(365);
  let people = roll(5000);
  let enrolled = roll(people);
  const [drift, wave] = [roll(400) - 200, roll(2000)];
  const points = Array.from({ length }, (_, index) => {
    people = Math.max(0, people + roll(wave) - Math.floor(wave / 2) + (roll(9) === 0 ? drift * 5 : 0));
    enrolled = Math.min(people, roll(3) === 0 ? roll(people) : enrolled + roll(50));
    return { day: START + index * DAY, people, enrolled };
  });
  const markers = Array.from({ length: roll(5) }, () => ({ day: START + roll(length) * DAY, partners: 1 + roll(200) }));
  return { points, markers };
}

function draw({ points, markers }: Data): string {
  const last = points.at(-1);
  return String(
    curve({
      ...{ id: 'c', title: 'Curve', desc: 'Curve', locale: 'en', points, markers },
      peopleLabel: `${last?.people} people`,
      enrolledLabel: `${last?.enrolled} with MFA`,
      markerText: (partners) => `${partners} partners due`,
    }),
  );
}

function boxesAt(drawing: string, width: number): readonly Box[] {
  const texts = drawing.matchAll(/<text class="([^"]+)" x="([\d.]+)%"(?: dx="(-?\d+)")? y="([\d.-]+)">([^<]+)</g);
  return Array.from(texts, ([, marks = '', x, dx = '0', y, text = '']) => {
    const wide = text.length * (LETTER[marks.split(' ')[0] ?? ''] ?? 0);
    const at = (Number(x) * width) / 100 + Number(dx);
    const left = /label|end/.test(marks) ? at - wide : marks.includes('day') ? at - wide / 2 : at;
    const isHidden = marks.includes(width < 530 ? 'some' : 'few');
    return isHidden ? [] : [{ text, left, right: left + wide, top: Number(y) - ASCENT, bottom: Number(y) + DESCENT }];
  }).flat();
}

/** The two lines, as pixels. */
function linesAt(drawing: string, width: number): readonly (readonly (readonly [number, number])[])[] {
  return Array.from(drawing.matchAll(/<path class="line[^"]*" d="([^"]*)"/g), ([, path = '']) =>
    path
      .slice(1)
      .split('L')
      .map((spot) => spot.split(',').map(Number))
      .map(([x = 0, y = 0]) => [(x * width) / 100, y] as const),
  );
}

function crosses({ left, right, top, bottom }: Box, line: readonly (readonly [number, number])[]): boolean {
  return line.some(([x, y], index) => {
    const [nextX, nextY] = line[index + 1] ?? [x, y];
    // Where the part of the line enters and leaves the columns of the box.
    const [from, to] = [Math.max(x, left), Math.min(nextX, right)];
    if (from > to) return false;
    const heightAt = (at: number) => (nextX === x ? y : y + ((nextY - y) * (at - x)) / (nextX - x));
    const heights = [heightAt(from), heightAt(to)];
    return Math.min(...heights) < bottom && Math.max(...heights) > top;
  });
}

/** The numbers of the upward axis have a column of their own, beside the plot. */
function plotOf(drawing: string): string {
  return drawing.slice(drawing.indexOf('role="img"'));
}

test('no word of a chart covers another or a line, whatever the numbers and the width', () => {
  for (let seed = 1; seed <= 800; seed++) {
    const plot = plotOf(draw(dataOf(seed)));
    for (const width of WIDTHS) {
      const [boxes, lines] = [boxesAt(plot, width), linesAt(plot, width)];
      for (const [index, box] of boxes.entries()) {
        const where = `seed ${seed}, ${width} px, “${box.text}”`;
        assert.ok(box.top >= 0 && box.bottom <= 260 && box.left > -6 && box.right <= width + 6, `${where} is inside`);
        assert.ok(!lines.some((line) => crosses(box, line)), `${where} is clear of the lines`);
        for (const other of boxes.slice(index + 1)) {
          const isApart =
            box.right <= other.left || other.right <= box.left || box.bottom <= other.top || other.bottom <= box.top;
          assert.ok(isApart, `${where} is clear of “${other.text}”`);
        }
      }
    }
  }
});

test('the words over the small curve of the roll-out stand apart at every width of its tile', () => {
  for (let seed = 1; seed <= 400; seed++) {
    const data = dataOf(seed);
    const options = { id: 's', title: 'Spark', desc: 'Spark', locale: 'en' };
    const drawing = String(spark({ ...options, ...data, markerText: (partners) => `${partners} partners due` }));
    // As a wide screen shows it, on which the tile stays narrow.
    const onDesks = drawing.replaceAll(' some"', '"').replaceAll(' few"', ' some"');
    for (const width of [200, 250, 300]) {
      const boxes = boxesAt(onDesks, width).filter(({ text }) => text.endsWith('due'));
      for (const [index, box] of boxes.entries()) {
        const others = boxes.slice(index + 1);
        assert.ok(
          others.every((other) => box.right <= other.left || other.right <= box.left),
          `seed ${seed}, ${width} px`,
        );
      }
    }
  }
});

test('every deadline in the span has a line, and those close together share one label with their sum', () => {
  const points = Array.from({ length: 91 }, (_, index) => ({ day: START + index * DAY, people: 100, enrolled: index }));
  const at = (index: number, partners: number) => ({ day: START + index * DAY, partners });
  const plot = plotOf(draw({ points, markers: [at(80, 2), at(10, 1), at(84, 3), at(-5, 9)] }));
  assert.equal(plot.match(/class="marker"/g)?.length, 3);
  const words = (width: number) =>
    boxesAt(plot, width)
      .map(({ text }) => text)
      .filter((text) => text.endsWith('due'));
  assert.deepEqual(words(1100), ['1 partners due', '5 partners due']);
  assert.deepEqual(words(215), ['6 partners due']);
});
