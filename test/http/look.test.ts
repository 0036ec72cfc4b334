import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { palette } from '#core/brand/palette.ts';
import { brandCss } from '#ui/assets.ts';

const CSS = readFileSync(new URL('../../public/style.css', import.meta.url), 'utf8');
const CONSOLE_CSS = readFileSync(new URL('../../public/console.css', import.meta.url), 'utf8');
const ROLL_OUT_CSS = readFileSync(new URL('../../public/roll-out.css', import.meta.url), 'utf8');
const SCHEMES = ['light', 'dark'] as const;
const HUES = Array.from({ length: 360 }, (_, hue) => hue);
const GROUNDS = ['paper', 'card', 'wash'];

// WCAG 2.2: 1.4.3 for text, 1.4.11 for the visible parts of a control.
const TEXT = 4.5;
const SHAPE = 3;

/** Front and ground colours, and the least contrast between them. */
const PAIRS: readonly (readonly [string, string, number])[] = [
  ...GROUNDS.flatMap((ground) => ['ink', 'quiet', 'accent'].map((text) => [text, ground, TEXT] as const)),
  ...GROUNDS.flatMap((ground) => ['edge', 'accent', 'refusal'].map((shape) => [shape, ground, SHAPE] as const)),
  ['refusal', 'card', TEXT],
  ['refusal', 'refusal-ground', TEXT],
  ['ink', 'refusal-ground', TEXT],
  ['accent', 'refusal-ground', SHAPE],
  ['on-accent', 'accent', TEXT],
  ['on-accent', 'accent-hover', TEXT],
  ['accent-hover', 'card', SHAPE],
  // The bar above rows to tick, and the overdue week.
  ['card', 'ink', TEXT],
  ['edge', 'ink', SHAPE],
  ['quiet', 'refusal-ground', TEXT],
];

for (const scheme of SCHEMES) {
  test(`every accent hue keeps text readable and controls visible in the ${scheme} scheme`, () => {
    const tokens = tokensOf(scheme);
    for (const hue of HUES) {
      for (const [front, ground, least] of PAIRS) {
        const lowest = lowestContrast(color(tokens, front, hue), color(tokens, ground, hue));
        assert.ok(lowest >= least, `${front} on ${ground} at hue ${hue}: ${lowest.toFixed(2)}, needs ${least}`);
      }
    }
  });
}

test('a dark scheme sets every colour that the light one has', () => {
  assert.deepEqual([...tokensOf('dark').keys()], [...tokensOf('light').keys()]);
  assert.notDeepEqual(tokensOf('dark'), tokensOf('light'));
});

test('every colour on the screen is a token, so that the proof covers it', () => {
  const rules = CSS.slice(CSS.indexOf('/* Ground */'), CSS.indexOf('@media print')) + CONSOLE_CSS + ROLL_OUT_CSS;
  const literals = rules.match(/(?:#[0-9a-f]{3,8}\b|(?:oklch|rgb|hsl|color-mix)\()[^;]*/gi) ?? [];
  // The ground of the QR code stays white for the camera.
  assert.deepEqual(literals, ['#fff']);
  const used = new Set(Array.from(rules.matchAll(/var\(--([\w-]+)\)/g), ([, name]) => name));
  for (const name of ['mono', 'pad']) used.delete(name);
  for (const name of used) assert.ok(tokensOf('light').has(name ?? ''), `--${name} has no value`);
});

test('the brand sheet sets the hue that every colour is made from', () => {
  assert.equal(brandCss(140), ':root{--hue:140}\n');
  assert.match(CSS, /--hue: \d+;/);
});

test('the samples of a look have the colours of the pages', () => {
  const sheet = readFileSync(new URL('../../public/look.css', import.meta.url), 'utf8');
  for (const scheme of SCHEMES) {
    const [, block = ''] = new RegExp(String.raw`\.in-${scheme} \{([^}]*)\}`).exec(sheet) ?? [];
    assert.deepEqual(tokensIn(block), tokensOf(scheme));
  }
  assert.doesNotMatch(sheet.slice(sheet.indexOf('.samples')), /#[0-9a-f]{3,8}\b|(?:oklch|rgb|hsl|color-mix)\(/);
});

test('mail and the computed contrast use the colours of the pages', () => {
  for (const scheme of SCHEMES) {
    const tokens = tokensOf(scheme);
    for (const [name, hex] of Object.entries(palette(scheme, 145))) {
      const css = chromaReduced(color(tokens, name.replace('onAccent', 'on-accent'), 145));
      const rgb = [1, 3, 5].map((at) => linear(Number.parseInt(hex.slice(at, at + 2), 16) / 255));
      // A step of one byte.
      for (const [index, channel] of rgb.entries()) {
        assert.ok(Math.abs(channel - (css[index] ?? 0)) < 0.01, `${scheme} ${name}`);
      }
    }
  }
});

function linear(channel: number): number {
  return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
}

test('scripts and styles stay small', () => {
  const script = readFileSync(new URL('../../public/page.js', import.meta.url));
  assert.ok(script.length < 10_000);
  // The rest of 40 kB is for the page.
  assert.ok(script.length + Buffer.byteLength(CSS) < 32_000);
  // A browser loads both once, and a rule may stand in either.
  assert.ok(Buffer.byteLength(CONSOLE_CSS) + Buffer.byteLength(ROLL_OUT_CSS) < 22_000);
});

type Lch = { readonly lightness: number; readonly chroma: number; readonly hue: number };
type Rgb = readonly [number, number, number];
type Tokens = ReadonlyMap<
  string,
  { readonly lightness: number; readonly chroma: number; readonly hue: number | undefined }
>;

/** The colour tokens of a scheme, from the served style sheet. Dark ones override light ones. */
function tokensOf(scheme: 'light' | 'dark'): Tokens {
  const dark = CSS.indexOf('@media (prefers-color-scheme: dark)');
  const block = scheme === 'light' ? CSS.slice(0, dark) : CSS.slice(dark, CSS.indexOf('/* Ground */'));
  return tokensIn(block);
}

function tokensIn(block: string): Tokens {
  const found = block.matchAll(/--([\w-]+): oklch\(([\d.]+)% ([\d.]+) (var\(--hue\)|[\d.]+)\);/g);
  return new Map(
    Array.from(found, ([, name = '', lightness, chroma, hue]) => {
      const fixed = hue === 'var(--hue)' ? undefined : Number(hue);
      return [name, { lightness: Number(lightness) / 100, chroma: Number(chroma), hue: fixed }];
    }),
  );
}

function color(tokens: Tokens, name: string, hue: number): Lch {
  const token = tokens.get(name);
  assert.ok(token, `--${name} is not in the style sheet`);
  return { ...token, hue: token.hue ?? hue };
}

/**
 * Browsers map a colour into the screen's range in different ways. The contrast must be sufficient with each of them.
 */
function lowestContrast(front: Lch, ground: Lch): number {
  return Math.min(...[clipped, chromaReduced, wide].map((drawn) => contrast(drawn(front), drawn(ground))));
}

function contrast(a: Rgb, b: Rgb): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

function luminance([red, green, blue]: Rgb): number {
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Each channel cut to the range of sRGB, as browsers draw today. */
function clipped(lch: Lch): Rgb {
  const [red, green, blue] = linearRgb(lch);
  return [cut(red), cut(green), cut(blue)];
}

/** Reduces chroma until it fits: CSS Color 4 §13.2, without its tolerance. */
function chromaReduced(lch: Lch): Rgb {
  let [low, high] = [0, lch.chroma];
  if (fits(linearRgb(lch))) return linearRgb(lch);
  for (let halving = 0; halving < 16; halving++) {
    const middle = (low + high) / 2;
    if (fits(linearRgb({ ...lch, chroma: middle }))) low = middle;
    else high = middle;
  }
  return clipped({ ...lch, chroma: low });
}

/** A screen with a range that needs neither. */
function wide(lch: Lch): Rgb {
  return linearRgb(lch);
}

function fits(rgb: Rgb): boolean {
  return rgb.every((channel) => channel >= -1e-6 && channel <= 1 + 1e-6);
}

function cut(channel: number): number {
  return Math.min(1, Math.max(0, channel));
}

/** OKLCH to linear sRGB: the matrices of CSS Color 4 §18. */
function linearRgb({ lightness, chroma, hue }: Lch): Rgb {
  const angle = (hue * Math.PI) / 180;
  const [a, b] = [chroma * Math.cos(angle), chroma * Math.sin(angle)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}
