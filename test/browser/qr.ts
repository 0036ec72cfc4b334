import type { Page } from '@playwright/test';
import jsqr from 'jsqr';
import { PNG } from 'pngjs';

// The package is CommonJS, but its types describe an ES module. The import gives one or the other.
const readQr = 'default' in jsqr ? jsqr.default : jsqr;

/** The content of the QR code on the screen, as a camera reads it. */
export async function decodeQr(page: Page): Promise<string> {
  const { data, width, height } = PNG.sync.read(await page.locator('.qr').screenshot());
  return readQr(new Uint8ClampedArray(data), width, height)?.data ?? '';
}
