import { z } from 'zod';
import { ACCESS_CODE_MINUTES } from '#core/access-code.ts';
import { isRefusal, type Refusal } from '#core/result.ts';
import type { ResetDone } from '#flows/reset-mfa.ts';
import { approveReset, askForReset, declineReset, renewAccessCode } from '#flows/reset-requests.ts';
import { showRefusal } from '#http/problem.ts';
import { type Reply, seeOther, show } from '#http/reply.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { resetsWithoutCode } from '#store/partners.ts';
import { codeFormPage, codePage, type ResetForm, resetPage } from './act-pages.ts';
import { findMember, type Member } from './find.ts';
import { refusedWords } from './frame-page.ts';
import { questionPage } from './partner-page.ts';
import { findWaitingReset, readWaitingResets } from './resets.ts';
import { resetsPage } from './resets-page.ts';
import { actorOf, doneOf, missing } from './shared-routes.ts';

const RESET = '/console/people/:person/reset-mfa';
const CODE = '/console/people/:person/access-code';
const RESETS = '/console/resets';

const resetForm = z.object({
  reason: z.string().optional(),
  checked_by: z.string().optional(),
  check_note: z.string().optional(),
  minutes: z.string().optional(),
});
const codeForm = z.object({ minutes: z.string().optional() });

const RESET_FIELDS = ['reason', 'checked_by', 'check_note', 'minutes'] as const;

type StaffCall = PageCall<'staffSteppedUp'>;

export const resetRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: RESET,
    guard: 'staffSteppedUp',
    async handle(call) {
      const member = await memberOf(call);
      return member ? show(await drawReset(call, member, typedOf(call.view.kept ?? {}))) : missing(call.view);
    },
  }),
  page({
    method: 'POST',
    path: RESET,
    guard: 'staffSteppedUp',
    form: resetForm,
    keeps: RESET_FIELDS,
    handle: submitReset,
  }),
  page({
    method: 'GET',
    path: CODE,
    guard: 'staffSteppedUp',
    async handle(call) {
      const member = await memberOf(call);
      if (!member) return missing(call.view);
      const above = aboveOf(member);
      const minutes = minutesOf(call.view.kept ?? {});
      return show(codeFormPage(call.view, { action: `${above.href}/access-code`, above, minutes }));
    },
  }),
  page({ method: 'POST', path: CODE, guard: 'staffSteppedUp', form: codeForm, keeps: ['minutes'], handle: submitCode }),
  page({
    method: 'GET',
    path: RESETS,
    guard: 'staff',
    handle: async ({ env, view, session, query }) =>
      show(resetsPage(view, await readWaitingResets(env), session.user.id, doneOf(query))),
  }),
  page({ method: 'GET', path: `${RESETS}/:request/approve`, guard: 'staffSteppedUp', handle: ask('approve') }),
  page({
    method: 'POST',
    path: `${RESETS}/:request/approve`,
    guard: 'staffSteppedUp',
    async handle(call) {
      const reset = await approveReset(call.env, call.params.request ?? '', actorOf(call));
      return isRefusal(reset) ? missing(call.view) : shownCode(call, reset);
    },
  }),
  page({ method: 'GET', path: `${RESETS}/:request/decline`, guard: 'staffSteppedUp', handle: ask('decline') }),
  page({
    method: 'POST',
    path: `${RESETS}/:request/decline`,
    guard: 'staffSteppedUp',
    async handle(call) {
      const done = await declineReset(call.env, call.params.request ?? '', actorOf(call));
      return isRefusal(done) ? missing(call.view) : seeOther(`${RESETS}?done=declined`);
    },
  }),
];

function memberOf({ env, params }: Pick<StaffCall, 'env' | 'params'>): Promise<Member | undefined> {
  return findMember(env, params.person ?? '');
}

function aboveOf({ row }: Member) {
  return { href: `/console/people/${row.id}`, label: row.name };
}

async function drawReset(
  { env, view }: Pick<StaffCall, 'env' | 'view'>,
  member: Member,
  typed: ResetForm,
  refusal?: Refusal,
) {
  const above = aboveOf(member);
  return resetPage(view, {
    ...{ name: member.row.name, action: `${above.href}/reset-mfa`, above, typed },
    withCode: !(await resetsWithoutCode(env.db.read, member.partner.id)),
    refusal: refusal && refusedWords(view, refusal),
  });
}

function typedOf(fields: z.output<typeof resetForm>): ResetForm {
  const { reason = '', checked_by: checkedBy, check_note: checkNote = '' } = fields;
  return { reason, checkedBy, checkNote, minutes: minutesOf(fields) };
}

function minutesOf({ minutes = String(ACCESS_CODE_MINUTES.usual) }: z.output<typeof codeForm>): string {
  return minutes;
}

async function submitReset(call: PageCall<'staffSteppedUp', z.output<typeof resetForm>>): Promise<Reply> {
  const { env, input } = call;
  const member = await memberOf(call);
  if (!member) return missing(call.view);
  const typed = typedOf(input);
  const outcome = await askForReset(env, {
    ...{ ...typed, personId: member.row.id, actor: actorOf(call), codeMinutes: Number(typed.minutes) },
  });
  if (isRefusal(outcome)) return showRefusal(await drawReset(call, member, typed, outcome), outcome);
  return 'waits' in outcome ? seeOther(`${aboveOf(member).href}?done=requested`) : shownCode(call, outcome);
}

/** Drawn in the answer to the form itself: the code is in no address, and nowhere a second time. */
function shownCode({ view }: Pick<StaffCall, 'view'>, { person, sessions, accessCode }: ResetDone): Reply {
  const { id, name } = person.user;
  return show(codePage(view, { name, above: { href: `/console/people/${id}`, label: name }, sessions, accessCode }));
}

async function submitCode(call: PageCall<'staffSteppedUp', z.output<typeof codeForm>>): Promise<Reply> {
  const member = await memberOf(call);
  if (!member) return missing(call.view);
  const codeMinutes = Number(minutesOf(call.input));
  const made = await renewAccessCode(call.env, { personId: member.row.id, actor: actorOf(call), codeMinutes });
  const above = aboveOf(member);
  if (isRefusal(made)) return seeOther(above.href);
  return show(codePage(call.view, { name: member.row.name, above, sessions: undefined, accessCode: made }));
}

/** The page before a waiting reset is carried out or taken off the list. */
function ask(name: 'approve' | 'decline') {
  return async ({ env, view, params }: StaffCall): Promise<Reply> => {
    const waiting = await findWaitingReset(env, params.request ?? '');
    if (!waiting) return missing(view);
    const { t } = view;
    const text = t(`resets.${name}.text`, { name: waiting.name, reason: waiting.reason, note: waiting.check_note });
    const above = { href: RESETS, label: t('console.resets') };
    const action = `${RESETS}/${waiting.id}/${name}`;
    return show(
      questionPage(view, {
        ...{ title: t(`resets.${name}`), text, action, above, button: t(`resets.${name}`) },
        ...{ isGrave: name === 'approve' },
      }),
    );
  };
}
