import { changeSetting } from '#flows/instance/change.ts';
import { png } from '../../pictures.ts';
import type { Picture, Stage } from '../ways.ts';

const SETTINGS = '/console/settings';
const WHY = { reason: 'agreed with security' };

/** The settings of the service, in each state of a value. */
export function settingsGallery<Scene>(openScene: (stage: Stage) => Promise<Scene>): Readonly<Record<string, Picture>> {
  /** With these values set, each of which is the default too, because the other pictures share the service. */
  const at =
    (path: string, set: readonly (readonly [name: string, value: string])[] = []): Picture =>
    async (stage) => {
      await openScene(stage);
      const { env } = stage.site.world;
      for (const [name, value] of set) await changeSetting(env, 'command_line', { name, value, ...WHY });
      await stage.page.goto(path);
    };
  return {
    'console-settings': at(SETTINGS, [['accent-hue', '262']]),
    'console-setting-name': at(`${SETTINGS}/product-name`),
    'console-setting-hue': at(`${SETTINGS}/accent-hue`, [['accent-hue', '262']]),
    'console-setting-logo': async (stage) => {
      // Only in this picture: the others show the service without a logo.
      const setLogo = async (name: string, file?: Buffer) =>
        changeSetting(stage.site.world.env, 'command_line', { name, value: undefined, file });
      await setLogo('logo-light', png({ width: 96 }));
      await at(`${SETTINGS}/logo-light`)(stage);
      await setLogo('logo-light');
    },
    'console-setting-rule': at(`${SETTINGS}/reset-second-approver`),
    'console-setting-hours-refused': async (stage) => {
      await at(`${SETTINGS}/reset-freeze-hours`)(stage);
      await stage.page.locator('#value').fill('1000');
      await stage.page.locator('.card form .primary').click();
    },
    'console-setting-default': at(`${SETTINGS}/resets-by/default`, [['resets-by', 'staff']]),
    'console-test-mail': async (stage) => {
      await at(SETTINGS)(stage);
      await stage.page.locator('form[action$="/test-mail"] button').click();
    },
  };
}

/** The pictures that show each page. */
export const SETTINGS_SEEN: Readonly<Record<string, readonly string[]>> = {
  [SETTINGS]: ['console-settings'],
  [`${SETTINGS}/:setting`]: [
    'console-setting-name',
    'console-setting-hue',
    'console-setting-logo',
    'console-setting-rule',
  ],
  [`${SETTINGS}/:setting/default`]: ['console-setting-default'],
  [`${SETTINGS}/test-mail`]: ['console-test-mail'],
};
