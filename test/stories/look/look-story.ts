import assert from 'node:assert/strict';
import type { Scheme } from '#core/brand/palette.ts';
import { isRefusal } from '#core/values/result.ts';
import { changeLogo, changeLook } from '#flows/brand/partner-look.ts';
import { png } from '../../pictures.ts';
import type { World } from '../../world.ts';

export const LOOK = {
  name: 'Acme Access',
  hue: '25',
  help: 'IT desk, extension 4711',
  helpHref: 'mailto:it@acme.example',
};

/** As long as it may be, with a word in the name that fits no line of a phone beside the mark. */
export const LONGEST_LOOK = {
  name: 'Harbor & Lindqvist Telekommunikationsgesellschaft Nordeuropa',
  hue: '145',
  help: 'Servicedesk der Telekommunikationsgesellschaft, Durchwahl 4711, werktags von acht bis achtzehn Uhr!!',
  helpHref: 'mailto:servicedesk.telekommunikation@harbor-lindqvist-nordeuropa.example',
};

/** Gives a partner the whole look. */
export async function dress(world: World, partnerId: string, look = LOOK): Promise<void> {
  assert.ok(!isRefusal(await changeLook(world.env, 'command_line', partnerId, look)));
}

/** Gives a partner a logo; answers its address. */
export async function addLogo(world: World, partnerId: string, scheme: Scheme, width = 32): Promise<string> {
  const changed = await changeLogo(world.env, 'command_line', partnerId, { scheme, file: png({ width }) });
  assert.ok(!isRefusal(changed));
  return `/logo/${changed.look?.logo?.[scheme]}`;
}

/** What a page shows of a brand. */
export function brandOn(page: string) {
  const header = /<a class="brand"[\s\S]*?<\/a>/.exec(page)?.[0] ?? '';
  return {
    name: /<span>([^<]*)<\/span><\/a>/.exec(header)?.[1],
    title: / – ([^<]*)<\/title>/.exec(page)?.[1],
    hue: /\/brand\.css\?hue=(\d+)"/.exec(page)?.[1],
    logo: /<img class="mark" src="([^"]+)"/.exec(header)?.[1],
    dark: /<source[^>]+srcset="([^"]+)"/.exec(header)?.[1],
    help: /<span>Support: ([\s\S]*?)<\/span><\/footer>/.exec(page)?.[1],
  };
}

export const SERVICE = {
  name: 'Partner Interface',
  title: 'Partner Interface',
  hue: '262',
  logo: undefined,
  dark: undefined,
  help: undefined,
};

export const ACME = {
  ...SERVICE,
  name: 'Acme Access',
  title: 'Acme Access',
  hue: '25',
  help: '<a href="mailto:it@acme.example">IT desk, extension 4711</a>',
};
