import assert from 'node:assert/strict';
import { isRefusal } from '#core/values/result.ts';
import { changeLogo } from '#flows/brand/partner-look.ts';
import { png } from '../../pictures.ts';
import { enterStaff } from '../../stories/console/console-story.ts';
import type { World } from '../../world.ts';

const TYPED = { name: 'Acme Access', hue: '25', help: '', link: '' };
const LIGHT = { scheme: 'light' };
const UPLOAD = { ...LIGHT, file: png().toString('base64') };

let partners = 0;

async function addPartner(world: World): Promise<string> {
  partners += 1;
  return (await world.addPartner({ slug: `dressed-${partners}` })).id;
}

async function withLogo(world: World): Promise<string> {
  const id = await addPartner(world);
  const changed = await changeLogo(world.env, 'command_line', id, { scheme: 'light', file: png() });
  assert.ok(!isRefusal(changed));
  return id;
}

function act(fields: Readonly<Record<string, unknown>>, make = addPartner) {
  return async (world: World) => ({ params: { partner: await make(world) }, fields });
}

/** The acts on the look of a partner, for the walk that revokes their sender. */
export const LOOK_ACTS = {
  'POST /api/v1/partners/:partner/look': act({ hue: 25 }),
  'POST /api/v1/partners/:partner/look/logo': act({ ...LIGHT, image: UPLOAD.file }),
  'POST /console/partners/:partner/look': act(TYPED),
  'POST /console/partners/:partner/look/logo': act(UPLOAD),
  'POST /console/partners/:partner/look/logo/remove': act(LIGHT, withLogo),
};

function form(path: string, fields: Readonly<Record<string, string>>, make = addPartner) {
  return async (world: World) => {
    const look = `/console/partners/${await make(world)}/look`;
    const browser = await enterStaff(world, 'csm', 'chris@portal.example');
    return { browser, action: look + path, from: look, fields };
  };
}

/** The forms on its page. */
export const LOOK_FORMS = {
  '/console/partners/:partner/look': form('', TYPED),
  '/console/partners/:partner/look/logo': form('/logo', UPLOAD),
  '/console/partners/:partner/look/logo/remove': form('/logo/remove', LIGHT, withLogo),
};
