import { z } from 'zod';
import { dayText, lastDayBefore, parseEnd } from '#core/time/day.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { typedDay } from '#core/time/typed-day.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { reasonPage } from '#features/console/act-pages.ts';
import { countOpenSessions, findMember, type Member, readMember } from '#features/console/find.ts';
import { type Done, refusedWords } from '#features/console/frame-page.ts';
import { questionPage } from '#features/console/partners/partner-page.ts';
import { actorOf, doneOf, INVITED, inviteeOf, inviteForm, missing } from '#features/console/shared-routes.ts';
import type { Actor } from '#flows/administration/actor.ts';
import { type AddedPerson, addPerson, resendInvitation } from '#flows/administration/add-person.ts';
import { deleteUser } from '#flows/administration/delete-user.ts';
import { EXEMPTION_DAYS_MOST, endExemption, exemptPerson } from '#flows/administration/exemption.ts';
import { disableUser, enableUser, mailResetLink, unlockUser } from '#flows/administration/person-acts.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import type { Around } from '#flows/runtime/transaction.ts';
import { type ActCall, actPages } from '#http/pages/act-pages.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { findPartner } from '#store/partners/partners.ts';
import { invitePage } from './invite-page.ts';
import { personPage } from './person-page.ts';

const ONE = '/console/people/:person';
const INVITE = '/console/partners/:partner/people/new';

const reasonForm = z.object({ reason: typed('reason').optional(), until: typed('time').optional() });

type StaffCall = PageCall<'staffSteppedUp'>;

export const personRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: ONE,
    guard: 'staff',
    async handle({ env, view, params, query }) {
      const found = await readMember(env, params.person ?? '');
      return found ? show(personPage(view, { ...found, done: doneOf(query) })) : missing(view);
    },
  }),
  ...reasonAct('disable', 'disabled', disableUser),
  ...reasonAct('delete', 'deleted', (env, how, around) => deleteUser(env, { ...how, onlyDisabled: true }, around)),
  ...reasonAct('enable', 'enabled', enableUser),
  ...reasonAct('unlock', 'unlocked', unlockUser),
  ...reasonAct('exempt', 'exempted', (env, { until, ...how }, around) =>
    exemptPerson(env, { ...how, until: parseEnd(typedDay(until) ?? '') ?? 0 }, around),
  ),
  ...reasonAct('unexempt', 'unexempted', endExemption),
  ...mailAct('link', 'link', mailResetLink),
  ...mailAct('invitation', 'resent', resendInvitation),
  page({ method: 'GET', path: INVITE, guard: 'staffSteppedUp', handle: showInvite }),
  page({
    method: 'POST',
    path: INVITE,
    guard: 'staffSteppedUp',
    form: inviteForm,
    keeps: INVITED,
    handle: submitInvite,
  }),
];

type How = { readonly id: string; readonly actor: Actor; readonly reason: string; readonly until: string };
type ActName = 'disable' | 'delete' | 'enable' | 'unlock' | 'exempt' | 'unexempt';

/** An act on one person that requires a reason. */
function reasonAct<T>(
  name: ActName,
  done: Done,
  act: (env: Env, how: How, around: Around<T>) => Promise<T | Refusal>,
): readonly Route[] {
  return actPages({
    path: `${ONE}/${name}`,
    guard: 'staffSteppedUp',
    form: reasonForm,
    keeps: ['reason', 'until'],
    find: memberOf,
    missing,
    async draw({ env, view }, { row, partner }, { reason = '', until = '' }, refusal) {
      const above = { href: `/console/people/${row.id}`, label: row.name };
      return reasonPage(view, {
        title: view.t(`act.${name}.button`, { name: row.name }),
        text: view.t(textKey(name, row, partner), { name: row.name, sessions: await countOpenSessions(env, row.id) }),
        action: `${above.href}/${name}`,
        above,
        isGrave: name === 'disable' || name === 'delete',
        reason,
        until: name === 'exempt' ? daysFrom(view.now, until) : undefined,
        refusal: refusal && refusedWords(view, refusal),
      });
    },
    act: (call, { row, partner }, { reason = '', until = '' }) =>
      idempotentForm(
        call,
        (around) => act(call.env, { id: row.id, actor: actorOf(call), reason, until }, around),
        name === 'delete' ? seeOther(`/console/partners/${partner.id}?done=${done}`) : back(row.id, done),
      ),
  });
}

/** The effect of enabling depends on what else blocks the person. */
function textKey(name: ActName, { hasPassword }: Member['row'], { archivedAt }: Member['partner']) {
  if (name === 'enable' && archivedAt !== undefined) return 'act.enable.archived';
  if (name === 'enable' && !hasPassword) return 'act.enable.invited';
  return `act.${name}.text` as const;
}

/** An act that sends the person a mail. Only the person may see its link. */
function mailAct<T>(
  name: 'link' | 'invitation',
  done: Done,
  act: (env: Env, how: Pick<How, 'id' | 'actor'>, around: Around<T>) => Promise<T | Refusal>,
): readonly Route[] {
  return actPages({
    path: `${ONE}/${name}`,
    guard: 'staffSteppedUp',
    find: memberOf,
    missing,
    draw({ view }, { row }) {
      const above = { href: `/console/people/${row.id}`, label: row.name };
      const text = view.t(`act.${name}.text`, { email: row.email });
      const title = view.t(`act.${name}.button`, { name: row.name });
      return questionPage(view, { title, text, action: `${above.href}/${name}`, above });
    },
    act: (call, { row: { id } }) =>
      idempotentForm(call, (around) => act(call.env, { id, actor: actorOf(call) }, around), back(id, done)),
    // The person was disabled or has accepted: the page shows the current state.
    refused: (_call, { row }) => seeOther(`/console/people/${row.id}`),
  });
}

function memberOf({ env, params }: ActCall<'staffSteppedUp'>): Promise<Member | undefined> {
  return findMember(env, params.person ?? '');
}

function back(id: string, done: Done): Reply {
  return seeOther(`/console/people/${id}?done=${done}`);
}

function daysFrom(now: number, value: string) {
  const latest = lastDayBefore(now + EXEMPTION_DAYS_MOST * DAY_SECONDS);
  return { value, min: dayText(now), max: dayText(latest) };
}

type Invited = { readonly email: string; readonly name: string; readonly role: string };

async function drawInvite(call: StaffCall, typed: Invited, refusal?: Refusal): Promise<Reply> {
  const { env, view, params } = call;
  const partner = await findPartner(env.db.read, params.partner ?? '');
  if (!partner) return missing(view);
  const above = { href: `/console/partners/${partner.id}`, label: partner.name };
  const roles = (['member', 'manager'] as const).map((value) => ({ value, label: view.t(`role.${value}`) }));
  const html = invitePage(view, {
    title: view.t('people.invite'),
    part: 'partners',
    action: `${above.href}/people/new`,
    above,
    roles,
    typed,
    refusal: refusal && refusedWords(view, refusal),
  });
  return refusal ? showRefusal(html, refusal) : show(html);
}

function showInvite(call: StaffCall): Promise<Reply> {
  const { email = '', name = '', role = 'member' } = call.view.restored ?? {};
  return drawInvite(call, { email, name, role });
}

async function submitInvite(call: PageCall<'staffSteppedUp', z.output<typeof inviteForm>>): Promise<Reply> {
  const { env, input, params } = call;
  const partner = await findPartner(env.db.read, params.partner ?? '');
  if (!partner) return missing(call.view);
  const { email = '', name = '' } = input;
  const role = input.role === 'manager' ? 'manager' : 'member';
  const person = { ...inviteeOf(input), role, partner: partner.slug } as const;
  const added = await idempotentForm(
    call,
    (around) => addPerson(call.env, actorOf(call), { ...person, password: undefined }, around),
    ({ person: { user } }: AddedPerson) => back(user.id, 'invited'),
  );
  return isRefusal(added) ? drawInvite({ ...call, input: undefined }, { email, name, role }, added) : added;
}
