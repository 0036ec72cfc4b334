import { makeEmailLink } from '#flows/administration/make-link.ts';
import { type Picture, passwordOnly, type Stage, secondFactor, signedIn, submit, takeOver } from '../ways.ts';
import { PASSWORD } from '../world.ts';

type Team = { readonly manager: string; readonly member: string; readonly invited: string; readonly disabled: string };

let teams = 0;

/** A team with people in every state, and its manager signed in in this browser. */
async function openTeam(stage: Stage): Promise<Team> {
  const { world } = stage.site;
  teams += 1;
  const tag = `team${teams}`;
  const partner = { name: 'Harbor Insurance Group of North Europe', slug: tag, policy: 'optional' } as const;
  const { id: partnerId } = await world.addPartner(partner);
  const add = (name: string, more: { password?: undefined; role?: 'manager' } = {}) =>
    world.addUser({ email: `${name.split(' ')[0]?.toLowerCase()}@${tag}.example`, name, partnerId, ...more });
  const mia = await add('Mia Roth', { role: 'manager' });
  const ana = await add('Ana Silva');
  const bo = await add('Bo Lind', { password: undefined });
  const dmitri = await add('Dmitri Orlov');
  await world.env.db.transaction((tx) =>
    tx.updateTable('users').set({ disabled_at: world.clock.at }).where('id', '=', dmitri.id).execute(),
  );
  const secret = await world.addAuthenticator(mia.id);
  const visitor = world.person();
  await visitor.signIn(mia.email);
  await visitor.post('/sign-in/one-time-code', { code: world.totp(secret) });
  await takeOver(stage, visitor, '/help');
  return { manager: mia.id, member: ana.id, invited: bo.id, disabled: dmitri.id };
}

function at(path: (team: Team) => string): Picture {
  return async (stage) => stage.page.goto(path(await openTeam(stage)));
}

const one = (act: string, who: keyof Team = 'member') => at((team) => `/team/people/${team[who]}${act}`);

/** A pasted list with faults, people who are on the list, and people to invite. */
async function pasted(stage: Stage): Promise<void> {
  await openTeam(stage);
  await stage.page.goto('/team/invite-many');
  const text = `Eva Berg <eva@team${teams}.example>, nobody at all\n"Lund, Cy" <cy@team${teams}.example>\neva@team${teams}.example; ana@team${teams}.example`;
  await stage.page.locator('#pasted').fill(text);
  await submit(stage.page);
}

/** A link about an email, for the person who signed in last. */
async function emailLink(
  { site: { world } }: Stage,
  purpose: 'confirm' | 'revert',
  by: { askedBy?: string } = {},
): Promise<string> {
  const { read } = world.env.db;
  const last = await read.selectFrom('users').select(['id']).orderBy('id', 'desc').limit(1).executeTakeFirstOrThrow();
  const link = { purpose, userId: last.id, email: `ana.silva.${last.id.slice(-6)}@acme.example`, ...by } as const;
  return new URL(await world.env.db.transaction((tx) => makeEmailLink(world.env, tx, link))).pathname;
}

export const LIFE_GALLERY: Readonly<Record<string, Picture>> = {
  team: at(() => '/team'),
  'team-none-fit': at(() => '/team?q=nobody+at+all'),
  'team-done': at(() => '/team?done=removed'),
  'team-invite': at(() => '/team/invite'),
  'team-invite-refused': async (stage) => {
    await openTeam(stage);
    await stage.page.goto('/team/invite');
    await submit(stage.page);
  },
  'team-invite-many': at(() => '/team/invite-many'),
  'team-invite-many-refused': async (stage) => {
    await openTeam(stage);
    await stage.page.goto('/team/invite-many');
    await submit(stage.page);
  },
  'team-list': (stage) => pasted(stage),
  'team-list-done': async (stage) => {
    await pasted(stage);
    await submit(stage.page);
  },
  'team-activity': async (stage) => {
    const { member } = await openTeam(stage);
    await stage.page.goto(`/team/people/${member}/remind`);
    await submit(stage.page);
    await stage.page.goto('/team/activity');
  },
  'team-remind-all': at(() => '/team/remind'),
  'team-remind-all-done': async (stage) => {
    await openTeam(stage);
    await stage.page.goto('/team/remind');
    await submit(stage.page);
  },
  'team-person': one(''),
  'team-person-invited': one('', 'invited'),
  'team-person-disabled': one('', 'disabled'),
  'team-person-own': one('', 'manager'),
  'team-invitation': one('/invitation', 'invited'),
  'team-role': one('/role'),
  'team-remove': one('/remove'),
  'team-remind': one('/remind'),
  'team-remind-refused': async (stage) => {
    const { member } = await openTeam(stage);
    for (let times = 0; times < 2; times++) {
      await stage.page.goto(`/team/people/${member}/remind`);
      await submit(stage.page);
    }
  },
  'team-missing': at(() => '/team/people/nobody'),
  'home-manager': at(() => '/'),
  email: (stage) => signedIn(stage, '/security/email'),
  'email-refused': async (stage) => {
    await signedIn(stage, '/security/email');
    await stage.page.locator('#email').fill('ana');
    await submit(stage.page);
  },
  'email-waits': async (stage) => {
    await signedIn(stage, '/security/email');
    await stage.page.locator('#email').fill('ana.silva.of.the.long.name@acme.example');
    await stage.page.locator('#current').fill(PASSWORD);
    await submit(stage.page);
    await stage.page.goto('/security/email');
  },
  'email-requested': async (stage) => {
    await signedIn(stage, '/security/email');
    await stage.page.locator('#email').fill('ana.silva.of.the.long.name@acme.example');
    await stage.page.locator('#current').fill(PASSWORD);
    await submit(stage.page);
  },
  'email-confirm': async (stage) => {
    await signedIn(stage, '/security');
    await stage.page.goto(await emailLink(stage, 'confirm'));
  },
  'email-confirm-asked': async (stage) => {
    await signedIn(stage, '/security');
    await stage.page.goto(await emailLink(stage, 'confirm', { askedBy: 'command_line' }));
  },
  'email-dead': async (stage) => {
    await signedIn(stage, '/security');
    await stage.page.goto(`/email/${'a'.repeat(43)}`);
  },
  'email-revert': async (stage) => {
    await passwordOnly(stage, '/help');
    await stage.page.goto(await emailLink(stage, 'revert'));
  },
  'email-reverted': async (stage) => {
    await passwordOnly(stage, '/help');
    await stage.page.goto(await emailLink(stage, 'revert'));
    await stage.page.locator('.card .danger').click();
  },
  'email-revert-dead': ({ page }) => page.goto(`/email-revert/${'a'.repeat(43)}`),
  lost: ({ page }) => page.goto('/sign-in/lost'),
  'lost-pending': async (stage) => {
    await secondFactor(stage);
    await stage.page.goto('/sign-in/lost');
  },
};

const ONE = '/team/people/:person';

/** The pictures that show each of these pages. */
export const LIFE_SEEN: Readonly<Record<string, readonly string[]>> = {
  '/team': ['team'],
  '/team/invite': ['team-invite'],
  '/team/invite-many': ['team-invite-many', 'team-invite-many-refused'],
  '/team/invite-many/:list': ['team-list', 'team-list-done'],
  '/team/activity': ['team-activity'],
  '/team/remind': ['team-remind-all', 'team-remind-all-done'],
  [ONE]: ['team-person', 'team-person-invited', 'team-person-disabled', 'team-person-own'],
  [`${ONE}/invitation`]: ['team-invitation'],
  [`${ONE}/role`]: ['team-role'],
  [`${ONE}/remove`]: ['team-remove'],
  [`${ONE}/remind`]: ['team-remind'],
  '/security/email': ['email', 'email-waits'],
  '/email/:token': ['email-confirm'],
  '/email-change/:token': ['email-confirm-asked'],
  '/email-revert/:token': ['email-revert'],
  '/email-reverted': ['email-reverted'],
  '/sign-in/lost': ['lost', 'lost-pending'],
};
