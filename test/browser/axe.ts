import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect } from './world.ts';

type AxeOptions = Parameters<AxeBuilder['options']>[0];

const AXE = {
  runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] },
  resultTypes: ['violations'],
} satisfies AxeOptions;

/** In the dark scheme only the colours of a page differ. */
const AXE_OF_COLORS = {
  runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] },
  resultTypes: ['violations'],
} satisfies AxeOptions;

/** All rules in the light scheme, only those for colours in the dark one. The page stays dark afterwards. */
export async function checkWithAxe(page: Page): Promise<void> {
  // Without a transition, because a colour halfway to another one is neither.
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  // Legacy mode is for pages without frames. It avoids a second page for each run.
  const { violations } = await new AxeBuilder({ page }).options(AXE).setLegacyMode().analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark' });
  // The builder has left axe in the page. Injecting it again takes longer than running it.
  const run = `axe.run(document, ${JSON.stringify(AXE_OF_COLORS)})`;
  const inTheDark = `${run}.then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))`;
  expect(await page.evaluate<unknown>(inTheDark)).toEqual([]);
}
