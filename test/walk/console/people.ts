import type { Actor } from '#flows/administration/actor.ts';
import { editPerson } from '#flows/administration/edit-person.ts';
import { makeEmailLink } from '#flows/administration/make-link.ts';
import { endDevice } from '#flows/trusted-devices/end-by-staff.ts';
import { enterStaff } from '../../stories/console/console-story.ts';
import type { World } from '../../world.ts';
import type { Sender } from '../acting.ts';
import { ana, signedIn } from '../second-factors/apps.ts';

const WHY = { reason: 'asked on the telephone' };
let names = 0;

/** A browser that is known for a person. */
export async function knowBrowser({ env, clock }: World, userId: string): Promise<string> {
  const device = { id: env.newId(), user_id: userId, token_hash: env.newId(), user_agent: null, last_used_at: null };
  const life = { created_at: clock.at, expires_at: clock.at + 3600 };
  await env.db.transaction((tx) =>
    tx
      .insertInto('devices')
      .values({ ...device, ...life })
      .execute(),
  );
  return device.id;
}

/** The link of a change that staff asked for. */
async function askedLink({ env }: World, userId: string): Promise<string> {
  names += 1;
  const asked = { purpose: 'confirm', userId, email: `asked${names}@walk.example`, askedBy: 'command_line' } as const;
  return new URL(await env.db.transaction((tx) => makeEmailLink(env, tx, asked))).pathname;
}

async function atWork(world: World) {
  const { user } = await ana(world);
  return { user, browser: await enterStaff(world, 'csm', 'chris@portal.example') };
}

function ofStaff(action: string, fields: Readonly<Record<string, string>>) {
  return async (world: World) => ({
    browser: await enterStaff(world, 'admin', 'robin@portal.example'),
    action,
    fields,
  });
}

/** The forms about a person's name, email and devices, and about the chain. */
export const PEOPLE_FORMS = {
  '/console/people/:person/edit': async (world: World) => {
    const { user, browser } = await atWork(world);
    const fields = { name: 'Ana Maria Silva', email: 'new@acme.example', ...WHY };
    return { browser, action: `/console/people/${user.id}/edit`, fields };
  },
  '/console/people/:person/devices/:device': async (world: World) => {
    const { user, browser } = await atWork(world);
    return { browser, action: `/console/people/${user.id}/devices/${await knowBrowser(world, user.id)}`, fields: WHY };
  },
  '/console/audit/export': ofStaff('/console/audit/export', { format: 'csv' }),
  '/console/partners/new': ofStaff('/console/partners/new', { name: 'Nordlicht' }),
  '/console/audit/verify': async (world: World) => ({
    ...(await atWork(world)),
    action: '/console/audit/verify',
  }),
  '/email-change/:token': async (world: World) => {
    const { browser, user } = await signedIn(world);
    return { browser, action: await askedLink(world, user.id) };
  },
};

async function somebody(world: World): Promise<string> {
  names += 1;
  const partner = await world.addPartner({ slug: `edited-${names}` });
  return (await world.addUser({ email: `edited${names}@walk.example`, partnerId: partner.id })).id;
}

type On = { readonly world: World; readonly actor: Actor; readonly id: string };

/** How to do the acts on a person of this file so that they succeed if they are allowed. */
export const PEOPLE_RECIPES = {
  edit: {
    run: ({ world, ...on }: On) => {
      names += 1;
      return editPerson(world.env, { ...on, ...WHY, name: 'Other', email: `renamed${names}@walk.example` });
    },
  },
  end_device: {
    prepare: ({ world, id }: On) => knowBrowser(world, id),
    run: ({ world, ...on }: On, deviceId: string) => endDevice(world.env, { ...on, ...WHY, deviceId }),
  },
};

/** The acts on a person, on the log and on keys, for the walk that revokes their sender. */
export const PEOPLE_ACTS = {
  'POST /console/people/:person/edit': async (world: World) => {
    const person = await somebody(world);
    return { params: { person }, fields: { name: 'Other', email: `moved${names}@walk.example`, ...WHY } };
  },
  'POST /console/people/:person/devices/:device': async (world: World) => {
    const person = await somebody(world);
    return { params: { person, device: await knowBrowser(world, person) }, fields: WHY };
  },
  'POST /console/api-keys/new': () => ({ fields: { name: 'CRM', 'users:read': 'yes' } }),
  'POST /console/audit/export': () => ({ fields: { format: 'jsonl' } }),
  'POST /console/audit/verify': () => ({}),
  'POST /email-change/:token': async (world: World, { userId }: Sender) => ({
    params: { token: (await askedLink(world, userId)).split('/').at(-1) ?? '' },
  }),
};
