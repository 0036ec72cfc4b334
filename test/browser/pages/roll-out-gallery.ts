import { addLogo, dress } from '../../stories/look/look-story.ts';
import type { Picture, Stage } from '../ways.ts';

/** How the pictures of the console are made. */
type Studio<Scene extends { readonly partner: string }> = {
  readonly at: (path: (scene: Scene) => string) => Picture;
  readonly openScene: (stage: Stage) => Promise<Scene>;
  readonly fillAdoption: (stage: Stage) => Promise<void>;
};

/** The pages of the roll-out, and of what has become of it. */
export function rollOutGallery<Scene extends { readonly partner: string }>({
  at,
  openScene,
  fillAdoption,
}: Studio<Scene>): Readonly<Record<string, Picture>> {
  const partner = (act: string) => at((scene) => `/console/partners/${scene.partner}/${act}`);
  return {
    'console-rollout': async (stage) => {
      await fillAdoption(stage);
      await at(() => '/console/rollout?view=due')(stage);
    },
    'console-adoption': async (stage) => {
      await fillAdoption(stage);
      await at(() => '/console/adoption?days=30')(stage);
    },
    'console-find': at(() => '/console/find?q=harbor'),
    'console-find-none': at(() => '/console/find?q=nobody+at+all'),
    'console-rollout-overdue': at(() => '/console/rollout?nothing=ticked'),
    'console-calendar': at(() => '/console/rollout/calendar?month=2027-02'),
    'console-reminders': at((scene) => `/console/reminders?partner=${scene.partner}`),
    'console-partner-reminders': partner('reminders'),
    'console-partner-reminders-refused': async (stage) => {
      const scene = await openScene(stage);
      await stage.page.goto(`/console/partners/${scene.partner}/reminders`);
      await stage.page.locator('#days').fill('soon');
      await stage.page.locator('.card form .primary').click();
    },
    'console-partner-notes': partner('notes'),
    'console-letter': partner('letter'),
    ...lookGallery({ at, openScene }),
    'console-passkeys': partner('passkeys'),
    'console-passkeys-preview': partner('passkeys?policy=now&from='),
    'console-passkeys-refused': async (stage) => {
      const scene = await openScene(stage);
      await stage.page.goto(`/console/partners/${scene.partner}/passkeys?policy=date&from=`);
    },
    'console-passkeys-remind': partner('passkeys/remind'),
    'console-passkeys-reminded': partner('passkeys?reminded=yes'),
  };
}

/** The page with the look of a partner. */
function lookGallery<Scene extends { readonly partner: string }>({
  at,
  openScene,
}: Pick<Studio<Scene>, 'at' | 'openScene'>): Readonly<Record<string, Picture>> {
  const look = ({ partner }: Scene) => `/console/partners/${partner}/look`;
  return {
    'console-look': at(look),
    'console-look-dressed': async (stage) => {
      const scene = await openScene(stage);
      const { world } = stage.site;
      await dress(world, scene.partner);
      await addLogo(world, scene.partner, 'light', 96);
      await addLogo(world, scene.partner, 'dark', 90);
      await stage.page.goto(look(scene));
    },
    'console-look-refused': at((scene) => `${look(scene)}?name=Acme&hue=400&help=&link=http%3A%2F%2Facme.example`),
  };
}

const PARTNER = '/console/partners/:partner';

/** The pictures that show each page. */
export const ROLL_OUT_SEEN: Readonly<Record<string, readonly string[]>> = {
  '/console/find': ['console-find', 'console-find-none'],
  '/console/rollout': ['console-rollout', 'console-rollout-overdue'],
  '/console/rollout/calendar': ['console-calendar'],
  '/console/reminders': ['console-reminders'],
  [`${PARTNER}/reminders`]: ['console-partner-reminders', 'console-partner-reminders-refused'],
  [`${PARTNER}/notes`]: ['console-partner-notes'],
  [`${PARTNER}/letter`]: ['console-letter'],
  [`${PARTNER}/look`]: ['console-look', 'console-look-dressed'],
  [`${PARTNER}/passkeys/remind`]: ['console-passkeys-remind'],
  [`${PARTNER}/passkeys`]: ['console-passkeys', 'console-passkeys-preview', 'console-passkeys-reminded'],
};

export const ROLL_OUT_NO_PAGE = ['/console/rollout.csv', `${PARTNER}/passkeys/missing.csv`];
