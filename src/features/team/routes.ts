import { z } from 'zod';
import { isRefusal, type Refusal } from '#core/result.ts';
import type { Env } from '#env.ts';
import { showRefusal } from '#http/problem.ts';
import { type Reply, seeOther, show } from '#http/reply.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { remindColleague, removeColleague, switchRole } from './acts.ts';
import type { Manager } from './colleague.ts';
import { inviteAgain, inviteColleague } from './invite.ts';
import { findTeamRow, readTeam, readTeamQuery } from './list.ts';
import {
  type ActName,
  actPage,
  colleaguePage,
  DONE,
  type Done,
  inviteColleaguePage,
  missingColleaguePage,
  teamPage,
} from './pages.ts';

const TEAM = '/team';
const INVITE = '/team/invite';
const ONE = '/team/people/:person';

const inviteForm = z.object({ email: z.string().optional(), name: z.string().optional(), role: z.string().optional() });

type InviteCall = PageCall<'managerSteppedUp', z.output<typeof inviteForm>>;

export const teamRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: TEAM,
    guard: 'manager',
    async handle({ env, view, session: { partner }, query }) {
      const list = await readTeam(env, partner.id, readTeamQuery(query));
      return show(teamPage(view, { ...list, partnerName: partner.name, done: doneOf(query) }));
    },
  }),
  page({
    method: 'GET',
    path: INVITE,
    guard: 'managerSteppedUp',
    handle({ view }) {
      const { email = '', name = '', role = 'member' } = view.kept ?? {};
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
      if (!row) return show(missingColleaguePage(view), 404);
      return show(colleaguePage(view, { row, isOwn: row.id === session.user.id, done: doneOf(query) }));
    },
  }),
  ...act('invitation', 'resent', inviteAgain),
  ...act('role', 'role', switchRole),
  ...act('remove', 'removed', removeColleague),
  ...act('remind', 'reminded', remindColleague),
];

type Act = (env: Env, manager: Manager, id: string) => Promise<unknown>;

/** An act on one of the team: the question with its button, and what the button does. */
function act(name: ActName, done: Done, run: Act): readonly Route[] {
  const path = `${ONE}/${name}`;
  return [
    page({
      method: 'GET',
      path,
      guard: 'managerSteppedUp',
      async handle({ env, view, session, params }) {
        const row = await findTeamRow(env, params.person ?? '', session.partner.id);
        return row ? show(actPage(view, { name, row })) : show(missingColleaguePage(view), 404);
      },
    }),
    page({
      method: 'POST',
      path,
      guard: 'managerSteppedUp',
      async handle({ env, view, session, client, params }) {
        const id = params.person ?? '';
        const row = await findTeamRow(env, id, session.partner.id);
        const outcome = row && (await run(env, { session, client }, id));
        if (!row || isMissing(outcome)) return show(missingColleaguePage(view), 404);
        if (isRefusal(outcome)) return showRefusal(actPage(view, { name, row, refusal: outcome }), outcome);
        return seeOther(outcome === 'deleted' ? `${TEAM}?done=${done}` : `${TEAM}/people/${id}?done=${done}`);
      },
    }),
  ];
}

function isMissing(outcome: unknown): outcome is Refusal {
  return isRefusal(outcome) && outcome.refused === 'not_found';
}

async function submitInvite({ env, view, session, client, input }: InviteCall): Promise<Reply> {
  const { email = '', name = '' } = input;
  const role = input.role === 'manager' ? 'manager' : 'member';
  const invited = await inviteColleague(env, { session, client }, { email, name, role });
  if (isRefusal(invited)) return showRefusal(inviteColleaguePage(view, { email, name, role }, invited), invited);
  return seeOther(`${TEAM}/people/${invited}?done=invited`);
}

function doneOf(query: URLSearchParams): Done | undefined {
  return DONE.find((known) => known === query.get('done'));
}
