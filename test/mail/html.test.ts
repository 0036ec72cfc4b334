import assert from 'node:assert/strict';
import { test } from 'node:test';
import { palette } from '#core/brand/palette.ts';
import { mailHtml } from '#mail/html.ts';

/** WCAG 2.2, 1.4.3. */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

for (const scheme of ['light', 'dark'] as const) {
  test(`every hue keeps a mail readable in the ${scheme} scheme`, () => {
    for (let hue = 0; hue < 360; hue++) {
      const { card, wash, ink, quiet, accent, onAccent } = palette(scheme, hue);
      const pairs = [ink, quiet].flatMap((text) => [card, wash].map((ground) => [text, ground] as const));
      for (const [text, ground] of [...pairs, [accent, card] as const, [onAccent, accent] as const]) {
        assert.match(text, /^#[0-9a-f]{6}$/);
        assert.ok(contrast(text, ground) >= 4.5, `${text} on ${ground} at ${hue}: ${contrast(text, ground)}`);
      }
    }
  });
}

test('a mail escapes what it is given, and asks nobody for anything', () => {
  const hostile = '<img src=x onerror=alert(1)>"\'&';
  const action = { label: hostile, href: 'https://sign-in.example.com/' };
  const words = { subject: hostile, text: hostile, facts: [[hostile, hostile]] as const, action, after: hostile };
  const html = mailHtml({ ...words, closing: hostile }, { locale: 'en', product: hostile, hue: 262 });
  assert.doesNotMatch(html, /<(?:img|script|link|iframe|table)|url\(|@import|\ssrc=(?!x)/i);
  assert.equal(html.match(/https?:/g)?.length, 3, 'the one link, as a button and as text');
});
