import { makeEmailLink } from '#flows/administration/make-link.ts';
import type { World } from '../world.ts';
import type { Sender } from './acting.ts';
import { signedIn } from './second-factors/apps.ts';
import { pathOf, type TABLE } from './walk.ts';

let mates = 0;

function fresh(): string {
  mates += 1;
  return `mate${mates}@walk.example`;
}

async function addMate({ world, partnerId, isInvited }: { world: World; partnerId: string; isInvited: boolean }) {
  const { id } = await world.addUser({ email: fresh(), partnerId });
  if (!isInvited) return id;
  await world.env.db.transaction((tx) =>
    tx.updateTable('users').set({ sealed_password: null }).where('id', '=', id).execute(),
  );
  return id;
}

function colleague({ isInvited = false } = {}) {
  return async (world: World, { partner }: Sender) => {
    return { params: { person: await addMate({ world, partnerId: partner.id, isInvited }) } };
  };
}

/** A list of two addresses that a manager pasted. */
async function addList({ env, clock }: World, partner_id: string, made_by: string): Promise<string> {
  const id = env.newId();
  const pasted = `${fresh()}, Cy <${fresh()}>, nobody`;
  const times = { created_at: clock.at, expires_at: clock.at + 86_400 };
  const row = { id, partner_id, made_by, role: 'member', pasted, ...times } as const;
  await env.db.transaction((tx) => tx.insertInto('pasted_lists').values(row).execute());
  return id;
}

/** What a manager does on the team page. */
export const TEAM_ACTS = {
  'POST /team/invite': () => ({ fields: { email: fresh(), name: '', role: 'member' } }),
  'POST /team/invite-many': () => ({ fields: { pasted: fresh(), role: 'member' } }),
  'POST /team/invite-many/:list': async (world: World, { partner, userId }: Sender) => {
    return { params: { list: await addList(world, partner.id, userId) } };
  },
  'POST /team/remind': async (world: World, sender: Sender) => {
    await colleague()(world, sender);
    return {};
  },
  'POST /team/people/:person/invitation': colleague({ isInvited: true }),
  'POST /team/people/:person/remind': colleague(),
  'POST /team/people/:person/remove': colleague(),
  'POST /team/people/:person/role': colleague(),
};

function aboutColleague(path: string, { isInvited = false } = {}) {
  return async (world: World) => {
    const { browser, partner } = await signedIn(world, 'manager');
    const id = await addMate({ world, partnerId: partner.id, isInvited });
    return { browser, action: `/team/people/${id}/${path}` };
  };
}

/** The forms of the team page. */
export const TEAM_FORMS = {
  '/team/invite': async (world: World) => {
    const { browser } = await signedIn(world, 'manager');
    return { browser, action: '/team/invite', fields: { email: 'bo@acme.example', name: 'Bo', role: 'member' } };
  },
  '/team/invite-many': async (world: World) => {
    const { browser } = await signedIn(world, 'manager');
    return { browser, action: '/team/invite-many', fields: { pasted: 'bo@acme.example\nnobody', role: 'manager' } };
  },
  '/team/invite-many/:list': async (world: World) => {
    const { browser, partner, user } = await signedIn(world, 'manager');
    return { browser, action: `/team/invite-many/${await addList(world, partner.id, user.id)}` };
  },
  '/team/remind': async (world: World) => {
    const { browser, partner } = await signedIn(world, 'manager');
    for (let people = 0; people < 2; people++) await addMate({ world, partnerId: partner.id, isInvited: false });
    return { browser, action: '/team/remind' };
  },
  '/team/people/:person/invitation': aboutColleague('invitation', { isInvited: true }),
  '/team/people/:person/role': aboutColleague('role'),
  '/team/people/:person/remove': aboutColleague('remove'),
  '/team/people/:person/remind': aboutColleague('remind'),
};

/** Real addresses of the pages of a person and a team. */
export async function settleTeam(world: World, userId: string, partnerId: string) {
  const colleague = await world.addUser({ email: 'bo@zephyr.example', name: 'Bo', partnerId });
  const { env } = world;
  const change = { purpose: 'confirm', userId, email: 'new@zephyr.example' } as const;
  const make = (by: object) => env.db.transaction((tx) => makeEmailLink(env, tx, { ...change, ...by }));
  const links = { '/email/:token': await make({}), '/email-change/:token': await make({ askedBy: 'system' }) };
  const [app] = await env.db.read.selectFrom('authenticators').select('id').where('user_id', '=', userId).execute();
  const list = await addList(world, partnerId, userId);
  return (row: (typeof TABLE)[number]): string => {
    if (row.path in links) return new URL(links[row.path as keyof typeof links]).pathname;
    if (row.path.endsWith('/:list')) return row.path.replace(':list', list);
    if (row.path.endsWith('/:authenticator')) return row.path.replace(':authenticator', app?.id ?? '');
    return row.path.startsWith('/team/people/') ? row.path.replace(':person', colleague.id) : pathOf(row);
  };
}
