import assert from 'node:assert/strict';
import { changeSetting } from '#flows/instance/change.ts';
import { png } from '../../pictures.ts';
import { enterStaff, ROBIN } from '../../stories/console/console-story.ts';
import type { World } from '../../world.ts';

const SETTINGS = '/console/settings';
let hue = 0;
let width = 31;

/** A value that the setting does not have yet. */
function nextHue(): string {
  hue += 1;
  return String(hue % 361);
}

/** As the walk sends a file: base64. */
function nextLogo(): string {
  width += 1;
  return png({ width }).toString('base64');
}

async function setHue({ env }: World): Promise<void> {
  assert.equal(await changeSetting(env, 'command_line', { name: 'accent-hue', value: nextHue() }), true);
}

/** A rule, because its change keeps a reason. */
const RULE = { name: 'resets-by', value: 'administrators', reason: 'we are few' };

async function setRule({ env }: World): Promise<void> {
  assert.equal(await changeSetting(env, 'command_line', RULE), true);
}

/** The forms of the settings of the service. */
export const SETTINGS_FORMS = {
  [`${SETTINGS}/:setting/logo`]: async (world: World) => {
    const browser = await enterStaff(world, 'admin', ROBIN);
    const from = `${SETTINGS}/logo-light`;
    return { browser, action: `${from}/logo`, from, fields: { file: nextLogo() } };
  },
  [`${SETTINGS}/test-mail`]: async (world: World) => {
    return { browser: await enterStaff(world, 'admin', ROBIN), action: `${SETTINGS}/test-mail`, from: SETTINGS };
  },
  [`${SETTINGS}/:setting`]: async (world: World) => {
    const browser = await enterStaff(world, 'admin', ROBIN);
    return { browser, action: `${SETTINGS}/accent-hue`, fields: { value: '25' } };
  },
  [`${SETTINGS}/:setting/default`]: async (world: World) => {
    await setRule(world);
    const browser = await enterStaff(world, 'admin', ROBIN);
    return { browser, action: `${SETTINGS}/${RULE.name}/default`, fields: { reason: 'we are more people now' } };
  },
};

/** The acts on the settings, for the walk that revokes their sender. */
export const SETTINGS_ACTS = {
  [`POST ${SETTINGS}/:setting/logo`]: () => ({ params: { setting: 'logo-light' }, fields: { file: nextLogo() } }),
  [`POST ${SETTINGS}/test-mail`]: () => ({}),
  [`POST ${SETTINGS}/:setting`]: () => ({ params: { setting: 'accent-hue' }, fields: { value: nextHue() } }),
  [`POST ${SETTINGS}/:setting/default`]: async (world: World) => {
    await setHue(world);
    return { params: { setting: 'accent-hue' } };
  },
};
