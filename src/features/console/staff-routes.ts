import { z } from 'zod';
import { isRefusal, type Refusal } from '#core/result.ts';
import { addPerson, resendInvitation } from '#flows/add-person.ts';
import { renewStaffAccessCode, resetStaffMfa } from '#flows/reset-requests.ts';
import { changeStaffRole, disableStaff, enableStaff } from '#flows/staff-acts.ts';
import { showRefusal } from '#http/problem.ts';
import { type Reply, seeOther, show } from '#http/reply.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { listStaff } from '#store/people-pages.ts';
import { reasonPage } from './act-pages.ts';
import { findStaff, readStaffMember } from './find.ts';
import { refusedWords } from './frame-page.ts';
import { invitePage } from './invite-page.ts';
import type { ListedPerson } from './lists.ts';
import { resetActs } from './reset-act-routes.ts';
import { actorOf, doneOf, INVITED, inviteForm, missing } from './shared-routes.ts';
import { staffMemberPage, staffPage } from './staff-pages.ts';

const STAFF = '/console/staff';
const ONE = `${STAFF}/:person`;

const reasonForm = z.object({ reason: z.string().optional() });

type AdminCall = PageCall<'staffAdminSteppedUp'>;
type ReasonCall = PageCall<'staffAdminSteppedUp', z.output<typeof reasonForm>>;

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
      const { email = '', name = '', role = 'csm' } = call.view.kept ?? {};
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
  ...staffAct('disable', 'disabled', (call, { id }, reason) =>
    disableStaff(call.env, { personId: id, actor: actorOf(call), reason }),
  ),
  ...staffAct('enable', 'enabled', (call, { id }, reason) =>
    enableStaff(call.env, { personId: id, actor: actorOf(call), reason }),
  ),
  ...staffAct('role', 'role', (call, { id, role }) =>
    changeStaffRole(call.env, { personId: id, actor: actorOf(call), to: role === 'admin' ? 'csm' : 'admin' }),
  ),
  ...resetActs({
    base: STAFF,
    guard: 'staffAdminSteppedUp',
    async find(env, id) {
      const row = await findStaff(env, id);
      return row && { id: row.id, name: row.name, withCode: true };
    },
    needsSecond: () => false,
    reset: resetStaffMfa,
    renew: renewStaffAccessCode,
  }),
  ...staffAct('invitation', 'resent', (call, { id }) => resendInvitation(call.env, actorOf(call), id)),
];

type ActName = 'disable' | 'enable' | 'role' | 'invitation';

/** An act on a member of staff: what it does, why it is done where that is asked, and its button. */
function staffAct(
  name: ActName,
  done: string,
  act: (call: AdminCall, row: ListedPerson, reason: string) => Promise<unknown>,
): readonly Route[] {
  const path = `${ONE}/${name}`;
  return [
    page({
      method: 'GET',
      path,
      guard: 'staffAdminSteppedUp',
      async handle(call) {
        const row = await findStaff(call.env, call.params.person ?? '');
        return row ? show(drawAct(call, name, row, call.view.kept?.reason ?? '')) : missing(call.view);
      },
    }),
    page({
      method: 'POST',
      path,
      guard: 'staffAdminSteppedUp',
      form: reasonForm,
      keeps: ['reason'],
      async handle(call: ReasonCall) {
        const row = await findStaff(call.env, call.params.person ?? '');
        if (!row) return missing(call.view);
        const reason = call.input.reason ?? '';
        const outcome = await act({ ...call, input: undefined }, row, reason);
        if (isRefusal(outcome)) return showRefusal(drawAct(call, name, row, reason, outcome), outcome);
        // Whoever changed their own role has no session any more.
        return row.id === call.session.user.id ? seeOther('/sign-in') : seeOther(`${STAFF}/${row.id}?done=${done}`);
      },
    }),
  ];
}

function drawAct(
  { view }: Pick<AdminCall, 'view'>,
  name: ActName,
  row: ListedPerson,
  reason: string,
  refusal?: Refusal,
) {
  const { t } = view;
  const above = { href: `${STAFF}/${row.id}`, label: row.name };
  const title = name === 'role' ? t(row.role === 'admin' ? 'staff.makeCsm' : 'staff.makeAdmin') : t(`act.${name}`);
  return reasonPage(view, {
    ...{ title, text: t(`staff.${name}.text`, { name: row.name }), action: `${above.href}/${name}`, above },
    ...{ part: 'staff', isGrave: name === 'disable', asksWhy: name === 'disable' || name === 'enable', reason },
    refusal: refusal && refusedWords(view, refusal),
  });
}

type Typed = { readonly email: string; readonly name: string; readonly role: string };

function inviteStaff({ view }: Pick<AdminCall, 'view'>, typed: Typed, refusal?: Refusal) {
  const { t } = view;
  return invitePage(view, {
    ...{ title: t('staff.invite'), part: 'staff', action: `${STAFF}/new`, typed },
    above: { href: STAFF, label: t('console.staff') },
    roles: (['csm', 'admin'] as const).map((value) => ({ value, label: t(`role.${value}`) })),
    refusal: refusal && refusedWords(view, refusal),
  });
}

async function submitInvite(call: PageCall<'staffAdminSteppedUp', z.output<typeof inviteForm>>): Promise<Reply> {
  const { email = '', name = '' } = call.input;
  const role = call.input.role === 'admin' ? 'admin' : 'csm';
  const person = { email, name: name.trim() === '' ? undefined : name, role, partner: undefined } as const;
  const added = await addPerson(call.env, actorOf(call), { ...person, password: undefined });
  if (isRefusal(added)) return showRefusal(inviteStaff(call, { email, name, role }, added), added);
  return seeOther(`${STAFF}/${added.person.user.id}?done=invited`);
}
