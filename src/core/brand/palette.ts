import { hexOf } from './colour.ts';

export type Scheme = 'light' | 'dark';
export const SCHEMES: readonly Scheme[] = ['light', 'dark'];

/** Lightness and chroma of `public/style.css`. A test compares them. */
const TOKENS = {
  light: {
    paper: [0.986, 0.004],
    card: [1, 0],
    ink: [0.24, 0.025],
    quiet: [0.48, 0.02],
    line: [0.89, 0.008],
    wash: [0.96, 0.02],
    accent: [0.47, 0.16],
    onAccent: [0.99, 0.004],
  },
  dark: {
    paper: [0.175, 0.014],
    card: [0.215, 0.016],
    ink: [0.94, 0.008],
    quiet: [0.72, 0.015],
    line: [0.33, 0.018],
    wash: [0.26, 0.03],
    accent: [0.72, 0.125],
    onAccent: [0.17, 0.014],
  },
} as const;

export type Palette = { readonly [Name in keyof (typeof TOKENS)['light']]: string };

/** The colours of a hue for one scheme, as `#rrggbb`. */
export function palette(scheme: Scheme, hue: number): Palette {
  const colour = ([lightness, chroma]: readonly [number, number]) => hexOf({ lightness, chroma, hue });
  const { paper, card, ink, quiet, line, wash, accent, onAccent } = TOKENS[scheme];
  return {
    paper: colour(paper),
    card: colour(card),
    ink: colour(ink),
    quiet: colour(quiet),
    line: colour(line),
    wash: colour(wash),
    accent: colour(accent),
    onAccent: colour(onAccent),
  };
}

/** WCAG 2.2, 1.4.3: the least contrast of text with its ground. */
export const TEXT_CONTRAST = 4.5;

/** The contrast of what a hue colours: the text of a button, and a link on the ground where it is weakest. */
export type AccentContrast = { readonly button: number; readonly link: number };

export function accentContrast(scheme: Scheme, hue: number): AccentContrast {
  const { accent, onAccent, paper, card, wash } = palette(scheme, hue);
  return {
    button: contrastOf(onAccent, accent),
    link: Math.min(...[paper, card, wash].map((ground) => contrastOf(accent, ground))),
  };
}

/** The contrast ratio of two colours `#rrggbb`, 1 to 21 (WCAG 2.2). */
function contrastOf(one: string, other: string): number {
  const [first, second] = [luminance(one), luminance(other)];
  return (Math.max(first, second) + 0.05) / (Math.min(first, second) + 0.05);
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
