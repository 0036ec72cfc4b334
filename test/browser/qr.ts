import type { Page } from '@playwright/test';
import jsqr from 'jsqr';
import { PNG } from 'pngjs';

// The package is CommonJS whose types speak of an ES module: what arrives is one or the other.
const readQr = 'default' in jsqr ? jsqr.default : jsqr;

/** What a camera reads off the screen. */
export async function decodeQr(page: Page): Promise<string> {
  const { data, width, height } = PNG.sync.read(await page.locator('.qr').screenshot());
  return readQr(new Uint8ClampedArray(data), width, height)?.data ?? '';
}
