import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from '@playwright/test';
import { findBrowser } from './find-browser.mjs';

// A test waits for its expectations, so a long limit costs nothing until something fails. A short one fails on a busy
// machine.
const TEST_MILLISECONDS = 180_000;
const EXPECT_MILLISECONDS = 30_000;

const isRoot = process.getuid?.() === 0;
const executablePath = findBrowser();

export default defineConfig({
  testDir: '.',
  testMatch: '**/*.spec.ts',
  outputDir: join(tmpdir(), 'sallyport-browser-tests'),
  fullyParallel: true,
  workers: 2,
  retries: 0,
  forbidOnly: process.env.CI !== undefined,
  reporter: [['list']],
  timeout: TEST_MILLISECONDS,
  expect: { timeout: EXPECT_MILLISECONDS },
  use: {
    actionTimeout: EXPECT_MILLISECONDS,
    browserName: 'chromium',
    launchOptions: {
      ...(executablePath === undefined ? {} : { executablePath }),
      // Chromium's sandbox refuses root. The other flags stop its own network requests.
      chromiumSandbox: !isRoot,
      args: [
        ...(isRoot ? ['--no-sandbox'] : []),
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
