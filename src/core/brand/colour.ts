type Oklch = { readonly lightness: number; readonly chroma: number; readonly hue: number };

/**
 * A colour of our style sheet as mail programs understand it: `#rrggbb`. Lightness and hue stay. Outside the sRGB range
 * chroma is reduced (CSS Color 4 §13.2, without its last step).
 */
export function hexOf({ lightness, chroma, hue }: Oklch): string {
  let [inside, outside] = [0, chroma];
  if (isOnScreen(linearRgb({ lightness, chroma, hue }))) inside = chroma;
  // Twelve halvings leave an error below a four-thousandth of the chroma.
  else
    for (let step = 0; step < 12; step++) {
      const middle = (inside + outside) / 2;
      if (isOnScreen(linearRgb({ lightness, chroma: middle, hue }))) inside = middle;
      else outside = middle;
    }
  return `#${linearRgb({ lightness, chroma: inside, hue }).map(hexByte).join('')}`;
}

/** The matrices of https://bottosson.github.io/posts/oklab/. */
function linearRgb({ lightness, chroma, hue }: Oklch): readonly [number, number, number] {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

function isOnScreen(rgb: readonly number[]): boolean {
  return rgb.every((channel) => channel >= -0.0005 && channel <= 1.0005);
}

function hexByte(linear: number): string {
  const clipped = Math.min(1, Math.max(0, linear));
  const encoded = clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055;
  return Math.round(encoded * 255)
    .toString(16)
    .padStart(2, '0');
}
