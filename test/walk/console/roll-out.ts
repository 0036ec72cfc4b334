import { enterStaff } from '../../stories/console/console-story.ts';
import type { World } from '../../world.ts';
import { ana } from '../second-factors/apps.ts';
import { LOOK_ACTS, LOOK_FORMS } from './looks.ts';
import { SETTINGS_ACTS, SETTINGS_FORMS } from './settings.ts';

const CHRIS = 'chris@portal.example';
const NOTES = { owner: '', notes: 'call in the morning' };

/** Staff, and a partner where MFA is required and somebody is missing. */
async function late(world: World) {
  const { partner, user } = await ana(world);
  await world.env.db.transaction((tx) =>
    tx.updateTable('partners').set({ mfa_policy: 'required' }).where('id', '=', partner.id).execute(),
  );
  return { partner, user, browser: await enterStaff(world, 'csm', CHRIS) };
}

function aboutPartner(path: string, fields: Readonly<Record<string, string>>) {
  return async (world: World) => {
    const { partner, browser } = await late(world);
    return { browser, action: `/console/partners/${partner.id}/${path}`, fields };
  };
}

/** The forms of the roll-out, of the settings, and of the look of a partner. */
export const ROLL_OUT_FORMS = {
  ...LOOK_FORMS,
  ...SETTINGS_FORMS,
  '/console/partners/:partner/notes': aboutPartner('notes', NOTES),
  '/console/partners/:partner/reminders': aboutPartner('reminders', { days: '30, 3' }),
  '/console/reminders': async (world: World) => {
    const { partner, browser } = await late(world);
    const from = `/console/reminders?partner=${partner.id}`;
    return { browser, action: '/console/reminders', from, fields: { partners: partner.id } };
  },
};

let partners = 0;

function somePartner(fields: Readonly<Record<string, string>>) {
  return async (world: World) => {
    partners += 1;
    const partner = await world.addPartner({ slug: `rolled-out-${partners}` });
    return { params: { partner: partner.id }, fields };
  };
}

/** The acts of the roll-out and on the plan of a partner, for the walk that revokes their sender. */
export const ROLL_OUT_ACTS = {
  ...LOOK_ACTS,
  ...SETTINGS_ACTS,
  'POST /console/partners/:partner/notes': somePartner(NOTES),
  'POST /console/partners/:partner/reminders': somePartner({ days: '30, 3' }),
  'POST /console/partners/:partner/policy': somePartner({ policy: 'now', from: '' }),
  'POST /console/partners/:partner/rename': somePartner({ name: 'Another name' }),
  'POST /console/reminders': async (world: World) => {
    partners += 1;
    const { id } = await world.addPartner({ slug: `late-${partners}`, policy: 'required' });
    await world.addUser({ email: `late${partners}@new.example`, partnerId: id });
    return { fields: { partners: id } };
  },
};
