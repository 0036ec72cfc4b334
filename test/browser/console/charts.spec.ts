import type { Page } from '@playwright/test';
import { curve } from '#features/console/adoption/charts-page.ts';
import { spark } from '#features/console/rollout/spark-page.ts';
import { translator } from '#messages/messages.ts';
import { enter, expect, test } from '../world.ts';

const DAY = 86_400;
const START = 1_790_000_000 - (1_790_000_000 % DAY);

type Data = {
  readonly points: readonly { readonly day: number; readonly people: number; readonly enrolled: number }[];
  readonly markers: readonly { readonly day: number; readonly partners: number }[];
};

function days(length: number, people: (index: number) => number, share: (index: number) => number): Data['points'] {
  return Array.from({ length }, (_, index) => {
    const all = Math.round(people(index));
    return { day: START + index * DAY, people: all, enrolled: Math.round(all * share(index)) };
  });
}

const due = (index: number, partners: number) => ({ day: START + index * DAY, partners });

/** What a portal can look like: new, empty, done, huge, and with deadlines that come together. */
const PORTALS: { readonly [what: string]: Data } = {
  'two days': {
    points: days(
      2,
      () => 1,
      (at) => at,
    ),
    markers: [due(1, 1)],
  },
  nobody: {
    points: days(
      30,
      () => 0,
      () => 0,
    ),
    markers: [],
  },
  'everybody from the first day': {
    points: days(
      90,
      () => 5000,
      () => 1,
    ),
    markers: [due(0, 5)],
  },
  'nobody has it': {
    points: days(
      90,
      () => 200_000,
      () => 0,
    ),
    markers: [due(89, 5000), due(88, 3)],
  },
  'a million people in three years': {
    points: days(
      1100,
      (at) => 900_000 + at * 100,
      (at) => at / 1100,
    ),
    markers: [due(300, 1200), due(600, 2400), due(610, 12), due(1099, 5000)],
  },
  'all on one day': {
    points: days(
      180,
      () => 20_000,
      (at) => (at < 90 ? 0.02 : 0.98),
    ),
    markers: [due(90, 5000)],
  },
  'a deadline in each week': {
    points: days(
      84,
      (at) => 100 + at,
      (at) => Math.min(1, at / 70),
    ),
    markers: Array.from({ length: 12 }, (_, index) => due(index * 7, index + 1)),
  },
  'falls at the end': {
    points: days(
      60,
      (at) => (at < 58 ? 4000 : 40),
      () => 0.5,
    ),
    markers: [due(2, 1), due(57, 1)],
  },
  'close together at the top': {
    points: days(
      365,
      () => 980,
      (at) => 0.95 + at / 10_000,
    ),
    markers: [due(364, 2)],
  },
  'up and down': {
    points: days(
      120,
      (at) => 3000 + 2000 * Math.sin(at / 5),
      (at) => 0.5 + 0.4 * Math.cos(at / 3),
    ),
    markers: [due(50, 33), due(55, 65), due(119, 2)],
  },
};

for (const locale of ['en', 'de'] as const) {
  for (const width of [320, 390, 640, 1280]) {
    test(`the words of the charts stand clear of each other and of the lines, ${locale}, ${width} px`, async ({
      page,
      site,
    }) => {
      await enter(page, site, await site.newPerson({ role: 'csm' }));
      await page.setViewportSize({ width, height: 900 });
      for (const path of ['/console/adoption', '/console']) {
        await page.goto(path);
        for (const [what, data] of Object.entries(PORTALS)) {
          const drawing = path === '/console' ? smallCurve(locale, data) : largeCurve(locale, data);
          expect(await faultsOf(page, drawing), `${path}, ${what}`).toEqual([]);
        }
      }
    });
  }
}

function largeCurve(locale: 'en' | 'de', { points, markers }: Data): string {
  const t = translator(locale);
  const { people = 0, enrolled = 0 } = points.at(-1) ?? {};
  return String(
    curve({
      ...{ id: 'c', title: 'Curve', desc: 'Curve', locale, points, markers },
      peopleLabel: t('adoption.curve.people', { people }),
      enrolledLabel: t('adoption.curve.enrolled', { enrolled }),
      markerText: (partners) => t('rollout.marker', { partners }),
    }),
  );
}

function smallCurve(locale: 'en' | 'de', { points, markers }: Data): string {
  const t = translator(locale);
  const markerText = (partners: number) => t('rollout.marker', { partners });
  const drawing = spark({ id: 's', title: 'Curve', desc: 'Curve', locale, points, markers, markerText });
  return `<div class="figures"><div class="figure wide">${drawing}</div></div>`;
}

/** Draws it on the page, and measures what the browser has made of it. */
function faultsOf(page: Page, drawing: string): Promise<readonly string[]> {
  return page.evaluate(`(${MEASURE})(${JSON.stringify(drawing)})`);
}

/** The box of a text has room for accents and descenders that its letters do not use: 3 pixels above and below. */
const MEASURE = `(markup) => {
  const main = document.querySelector('main .card') ?? document.querySelector('main');
  main.innerHTML = markup;
  const faults = [];
  const boxes = [...main.querySelectorAll('text')].filter((one) => one.checkVisibility()).map((one) => {
    const { left, right, top, bottom } = one.getBoundingClientRect();
    // The numbers of the axis have a column of their own, left of the plot.
    const plot = one.closest('[role=img]')?.getBoundingClientRect().left ?? 0;
    return { plot, text: one.textContent, left: left + 0.5, right: right - 0.5, top: top + 3, bottom: bottom - 3 };
  });
  if (boxes.length === 0) return ['no words'];
  const spots = [...main.querySelectorAll('path.line')].flatMap((path) => {
    const length = path.getTotalLength();
    const at = path.getScreenCTM();
    return Array.from({ length: 2001 }, (_, step) => path.getPointAtLength((length * step) / 2000).matrixTransform(at));
  });
  for (const [index, one] of boxes.entries()) {
    const { plot, text, left, right, top, bottom } = one;
    if (left < 0 || right > innerWidth) faults.push(text + ' leaves the screen');
    if (left < plot - 1) faults.push(text + ' leaves the plot');
    if (spots.some(({ x, y }) => x > left && x < right && y > top && y < bottom)) faults.push('a line crosses ' + text);
    for (const other of boxes.slice(index + 1)) {
      const isApart = right <= other.left || other.right <= left || bottom <= other.top || other.bottom <= top;
      if (!isApart) faults.push(text + ' meets ' + other.text);
    }
  }
  return faults;
}`;
