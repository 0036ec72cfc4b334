import { z } from 'zod';
import { PATHS } from '#core/paths.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { reasonPage } from '#features/console/act-pages.ts';
import { countOpenSessions, findStaff, readStaffMember } from '#features/console/find.ts';
import { type Done, refusedWords } from '#features/console/frame-page.ts';
import type { ListedPerson } from '#features/console/lists.ts';
import { resetActs } from '#features/console/resets/reset-act-routes.ts';
import { actorOf, doneOf, INVITED, inviteeOf, inviteForm, missing } from '#features/console/shared-routes.ts';
import type { Actor } from '#flows/administration/actor.ts';
import { type AddedPerson, addPerson, resendInvitation } from '#flows/administration/add-person.ts';
import { findLeftBehind, type LeftBehind } from '#flows/administration/end-with-person.ts';
import { changeRole, disableUser, enableUser } from '#flows/administration/person-acts.ts';
import { renewStaffAccessCode, resetStaffMfa } from '#flows/administration/reset-requests.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import type { Around } from '#flows/runtime/transaction.ts';
import { type ActCall, actPages } from '#http/pages/act-pages.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { listStaff } from '#store/people/people-pages.ts';
import type { View } from '#ui/view.ts';
import { invitePage } from './invite-page.ts';
import { staffMemberPage, staffPage } from './staff-pages.ts';

const STAFF = '/console/staff';
const ONE = `${STAFF}/:person`;

const reasonForm = z.object({ reason: typed('reason').optional() });

type AdminCall = PageCall<'staffAdminSteppedUp'>;

export const staffRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: STAFF,
    guard: 'staffAdmin',
    handle: async ({ env, view, query }) => show(staffPage(view, await listStaff(env.db.read), doneOf(query))),
  }),
  page({
    method: 'GET',
    path: `${STAFF}/new`,
    guard: 'staffAdminSteppedUp',
    handle(call) {
      const { email = '', name = '', role = 'csm' } = call.view.restored ?? {};
      return show(inviteStaff(call, { email, name, role }));
    },
  }),
  page({
    method: 'POST',
    path: `${STAFF}/new`,
    guard: 'staffAdminSteppedUp',
    form: inviteForm,
    keeps: INVITED,
    handle: submitInvite,
  }),
  page({
    method: 'GET',
    path: ONE,
    guard: 'staffAdmin',
    async handle({ env, view, session, params, query }) {
      const found = await readStaffMember(env, params.person ?? '');
      if (!found) return missing(view);
      const isOwn = found.row.id === session.user.id;
      return show(staffMemberPage(view, { ...found, isOwn, done: doneOf(query) }));
    },
  }),
  ...staffAct('disable', 'disabled', disableUser),
  ...staffAct('enable', 'enabled', enableUser),
  ...staffAct('role', 'role', (env, { id, actor, role }, around) =>
    changeRole(env, { id, actor, to: role === 'admin' ? 'csm' : 'admin' }, around),
  ),
  ...resetActs({
    base: STAFF,
    guard: 'staffAdminSteppedUp',
    async find(env, id) {
      const row = await findStaff(env, id);
      return row && { id: row.id, name: row.name, withCode: true };
    },
    needsSecond: () => false,
    isOpenTo: () => true,
    reset: resetStaffMfa,
    renew: renewStaffAccessCode,
  }),
  ...staffAct('invitation', 'resent', resendInvitation),
];

type ActName = 'disable' | 'enable' | 'role' | 'invitation';
/** The acts whose event keeps a reason. */
function asksWhy(name: ActName): boolean {
  return name === 'disable' || name === 'enable';
}

type How = Pick<ListedPerson, 'id' | 'role'> & { readonly actor: Actor; readonly reason: string };

/** An act on a member of staff: its effect, a reason if it requires one, and its button. */
function staffAct<T>(
  name: ActName,
  done: Done,
  act: (env: Env, how: How, around: Around<T>) => Promise<T | Refusal>,
): readonly Route[] {
  return actPages({
    path: `${ONE}/${name}`,
    guard: 'staffAdminSteppedUp',
    ...(asksWhy(name) && { form: reasonForm, keeps: ['reason'] }),
    find: staffOf,
    missing,
    draw: (call, row, { reason = '' }, refusal) => drawAct(call, name, row, { reason, refusal }),
    act(call, row, { reason = '' }) {
      // Administrators who change their own role lose their session.
      const isOwn = row.id === call.session.user.id;
      return idempotentForm(
        call,
        (around) => act(call.env, { id: row.id, role: row.role, actor: actorOf(call), reason }, around),
        seeOther(isOwn ? PATHS.signIn : `${STAFF}/${row.id}?done=${done}`),
      );
    },
  });
}

function staffOf({ env, params }: ActCall<'staffAdminSteppedUp'>): Promise<ListedPerson | undefined> {
  return findStaff(env, params.person ?? '');
}

async function drawAct(
  { env, view }: Pick<AdminCall, 'env' | 'view'>,
  name: ActName,
  row: ListedPerson,
  { reason, refusal }: { readonly reason: string; readonly refusal: Refusal | undefined },
) {
  const { t } = view;
  const isEnd = name === 'disable' || (name === 'role' && row.role === 'admin');
  const also = isEnd ? endLines(view, name, await findLeftBehind(env, row.id)) : [];
  const above = { href: `${STAFF}/${row.id}`, label: row.name };
  const does = name === 'role' ? (row.role === 'admin' ? 'makeCsm' : 'makeAdmin') : name;
  const title = t(`act.${does}.button`, { name: row.name });
  return reasonPage(view, {
    title,
    text: t(textKey(name, row), { name: row.name, sessions: await countOpenSessions(env, row.id) }),
    also,
    action: `${above.href}/${name}`,
    above,
    part: 'staff',
    isGrave: name === 'disable',
    asksWhy: asksWhy(name),
    reason,
    refusal: refusal && refusedWords(view, refusal),
  });
}

/** What is lost for good with this person. Programs that will stop are named before the act. */
function endLines({ t }: View, name: ActName, { apiKeys, invited, resets }: LeftBehind): readonly string[] {
  const count = apiKeys.length;
  const names = apiKeys.map((key) => key.name).join(', ');
  return [
    ...(count > 0 ? [t('staff.ends.keys', { count, names })] : []),
    ...(invited.length > 0 ? [t('staff.ends.invitations', { count: invited.length, emails: invited.join(', ') })] : []),
    ...(resets > 0 && name === 'disable' ? [t('staff.ends.resets', { count: resets })] : []),
  ];
}

function textKey(name: ActName, { hasPassword }: ListedPerson) {
  return name === 'enable' && !hasPassword ? 'act.enable.invited' : (`staff.${name}.text` as const);
}

type Typed = { readonly email: string; readonly name: string; readonly role: string };

function inviteStaff({ view }: Pick<AdminCall, 'view'>, typed: Typed, refusal?: Refusal) {
  const { t } = view;
  return invitePage(view, {
    title: t('staff.invite'),
    part: 'staff',
    action: `${STAFF}/new`,
    typed,
    above: { href: STAFF, label: t('console.staff') },
    roles: (['csm', 'admin'] as const).map((value) => ({ value, label: t(`role.${value}`) })),
    refusal: refusal && refusedWords(view, refusal),
  });
}

async function submitInvite(call: PageCall<'staffAdminSteppedUp', z.output<typeof inviteForm>>): Promise<Reply> {
  const { email = '', name = '' } = call.input;
  const role = call.input.role === 'admin' ? 'admin' : 'csm';
  const person = { ...inviteeOf(call.input), role, partner: undefined } as const;
  const added = await idempotentForm(
    call,
    (around) => addPerson(call.env, actorOf(call), { ...person, password: undefined }, around),
    ({ person: { user } }: AddedPerson) => seeOther(`${STAFF}/${user.id}?done=invited`),
  );
  return isRefusal(added) ? showRefusal(inviteStaff(call, { email, name, role }, added), added) : added;
}
