import { createApp } from '#http/app.ts';
import { ROUTES } from '../../../../src/routes.ts';
import { openWorld, type Person, type World } from '../../../world.ts';
import { enterStaff, ROBIN, read } from '../console-story.ts';

export const SETTINGS = '/console/settings';
export const WHY = { reason: 'agreed with security' };

type Environment = Readonly<Record<string, string>>;

/** An administrator at work, on a service with these variables. */
export async function openSettings(t: Parameters<typeof openWorld>[0], environment: Environment = {}) {
  const world = await openWorld(t, { environment });
  return { world, robin: await enterStaff(world, 'admin', ROBIN) };
}

/** Opens the page of a setting and sends its form. */
export async function change(browser: Person, name: string, fields: Readonly<Record<string, string>>) {
  await browser.get(`${SETTINGS}/${name}`);
  return browser.post(`${SETTINGS}/${name}`, fields);
}

/** The same service on another node: with what that process knows of the settings. */
export async function secondNode(
  t: Parameters<typeof openWorld>[0],
  { env, clock }: World,
  environment: Environment = {},
) {
  const other = await openWorld(t, { db: env.db, clock, environment });
  const node = { ...other.env, keys: env.keys };
  return { env: node, app: createApp(node, ROUTES) };
}

/** The line of one setting on the page: its value and where it comes from. */
export async function lineOf(browser: Person, label: string): Promise<string> {
  const text = await read(browser, SETTINGS);
  const from = text.indexOf(label);
  return from === -1 ? '' : text.slice(from, from + 240);
}

/** The version that a form shows and sends back. */
export function seenOn(page: string): string {
  return /name="seen" value="(\d+)"/.exec(page)?.[1] ?? '';
}
