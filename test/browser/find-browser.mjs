// @ts-check
import { existsSync } from 'node:fs';
import { chromium } from '@playwright/test';

const INSTALLED = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/**
 * The Chromium to test in: Playwright's own download, or the machine's.
 * @returns {string | undefined}
 */
export function findBrowser() {
  return [chromium.executablePath(), ...INSTALLED].find((path) => path !== '' && existsSync(path));
}
