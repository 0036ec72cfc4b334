import { z } from 'zod';
import { readMailbox } from '#core/people/email.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import type { Around } from '#flows/runtime/transaction.ts';
import { actPages } from '#http/pages/act-pages.ts';
import { bySemicolon, csvFile, type Reply, seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import type { View } from '#ui/view.ts';
import { readActivity } from './activity.ts';
import { activityPage } from './activity-page.ts';
import { remindColleague, removeColleague, switchRole } from './acts.ts';
import type { Manager } from './colleague.ts';
import { teamCsv } from './csv.ts';
import { type Done, doneOf } from './frame-page.ts';
import { inviteAgain, inviteColleague } from './invite.ts';
import { inviteManyRoutes } from './invite-many-routes.ts';
import { inviteColleaguePage } from './invite-page.ts';
import { findTeamRow, readTeam, readTeamQuery, undeliveredInvitations } from './list.ts';
import { type ActName, actPage, colleaguePage, missingColleaguePage, teamPage } from './pages.ts';
import { readReminding, remindMissing } from './remind-all.ts';
import { remindAllPage } from './remind-page.ts';

const TEAM = '/team';
const INVITE = '/team/invite';
const REMIND = '/team/remind';
const ACTIVITY = '/team/activity';
const ONE = '/team/people/:person';

const inviteForm = z.object({
  email: typed('mailbox').optional(),
  name: typed('name').optional(),
  role: typed('word').optional(),
});

type InviteCall = PageCall<'managerSteppedUp', z.output<typeof inviteForm>>;

export const teamRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: TEAM,
    guard: 'manager',
    async handle({ env, view, session: { partner }, query }) {
      const list = await readTeam(env, partner, readTeamQuery(query));
      return show(teamPage(view, { ...list, partner, done: doneOf(query) }));
    },
  }),
  page({
    method: 'GET',
    path: `${TEAM}/people.csv`,
    guard: 'manager',
    handle({ env, session: { partner }, query }) {
      const csv = teamCsv(env, partner.id, { ...readTeamQuery(query), after: undefined });
      return csvFile(`${partner.slug}.csv`, csv, bySemicolon(query));
    },
  }),
  page({
    method: 'GET',
    path: REMIND,
    guard: 'managerSteppedUp',
    async handle({ env, view, session, query }) {
      return show(remindAllPage(view, await readReminding(env, view, session.partner.id), doneOf(query)));
    },
  }),
  page({
    method: 'POST',
    path: REMIND,
    guard: 'managerSteppedUp',
    async handle({ env, session, client }) {
      await remindMissing(env, { session, client });
      // Once per person and day, so the same form sent again leads here as well.
      return seeOther(`${REMIND}?done=remindedAll`);
    },
  }),
  page({
    method: 'GET',
    path: INVITE,
    guard: 'managerSteppedUp',
    handle({ view }) {
      const { email = '', name = '', role = 'member' } = view.restored ?? {};
      return show(inviteColleaguePage(view, { email, name, role }));
    },
  }),
  page({
    method: 'POST',
    path: INVITE,
    guard: 'managerSteppedUp',
    form: inviteForm,
    keeps: ['email', 'name', 'role'],
    handle: submitInvite,
  }),
  page({
    method: 'GET',
    path: ONE,
    guard: 'manager',
    async handle({ env, view, session, params, query }) {
      const row = await findTeamRow(env, params.person ?? '', session.partner.id);
      if (!row) return missing(view);
      const isUndelivered = (await undeliveredInvitations(env, [row])).size > 0;
      const isOwn = row.id === session.user.id;
      return show(colleaguePage(view, { row, isOwn, isUndelivered, done: doneOf(query) }));
    },
  }),
  page({
    method: 'GET',
    path: ACTIVITY,
    guard: 'manager',
    async handle({ env, view, session: { partner }, query }) {
      const before = query.get('before') ?? '';
      const cursor = /^[0-9a-f-]{36}~?$/.test(before) ? before : undefined;
      return show(activityPage(view, await readActivity(env, partner.id, cursor)));
    },
  }),
  ...inviteManyRoutes,
  ...act('invitation', 'resent', inviteAgain),
  ...act('role', 'role', switchRole),
  ...act('remove', 'removed', removeColleague),
  ...act('remind', 'reminded', remindColleague),
];

/** An act on a person of the team: the page with its button, and the submit. */
function act<T>(
  name: ActName,
  done: Done,
  run: (env: Env, manager: Manager, id: string, around: Around<T>) => Promise<T | Refusal>,
): readonly Route[] {
  return actPages({
    path: `${ONE}/${name}`,
    guard: 'managerSteppedUp',
    missing,
    find: ({ env, params, session }) => findTeamRow(env, params.person ?? '', session.partner.id),
    draw: ({ view }, row, _typed, refusal) => actPage(view, { name, row, refusal }),
    act: ({ env, formKey, session, client }, { id }) =>
      idempotentForm(
        { env, formKey },
        (around) => run(env, { session, client }, id, around),
        (did: T) => seeOther(did === 'deleted' ? `${TEAM}?done=${done}` : `${TEAM}/people/${id}?done=${done}`),
      ),
    refused: ({ view }, _row, { refused }) => (refused === 'not_found' ? missing(view) : undefined),
  });
}

function missing(view: View): Reply {
  return show(missingColleaguePage(view), 404);
}

async function submitInvite({ env, view, session, client, input, formKey }: InviteCall): Promise<Reply> {
  const { email = '', name = '' } = input;
  const role = input.role === 'manager' ? 'manager' : 'member';
  const mailbox = readMailbox(email);
  const invitee = { email: mailbox.email, name: name.trim() === '' ? (mailbox.name ?? '') : name, role } as const;
  const invited = await idempotentForm(
    { env, formKey },
    (around) => inviteColleague(env, { session, client }, invitee, around),
    (id: string) => seeOther(`${TEAM}/people/${id}?done=invited`),
  );
  return isRefusal(invited) ? showRefusal(inviteColleaguePage(view, { email, name, role }, invited), invited) : invited;
}
