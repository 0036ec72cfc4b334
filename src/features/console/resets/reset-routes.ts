import type { Refusal } from '#core/values/result.ts';
import { countOpenSessions, findMember } from '#features/console/find.ts';
import { questionPage } from '#features/console/partners/partner-page.ts';
import { makeSecret } from '#features/console/programs/secret-routes.ts';
import { actorOf, doneOf, missing } from '#features/console/shared-routes.ts';
import { approveReset, declineReset, renewAccessCode, requestMfaReset } from '#flows/administration/reset-requests.ts';
import type { ResetDone } from '#flows/administration/take-authenticators.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import { type ActCall, actPages } from '#http/pages/act-pages.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { page, type Route } from '#http/route.ts';
import { resetsWithoutCode } from '#store/partners/partners.ts';
import { codeOf, resetActs } from './reset-act-routes.ts';
import { findWaitingReset, readWaitingResets } from './resets.ts';
import { resetsPage } from './resets-page.ts';

const PEOPLE = { base: '/console/people', guard: 'staffSteppedUp' } as const;
const RESETS = '/console/resets';

export const resetRoutes: readonly Route[] = [
  ...resetActs({
    ...PEOPLE,
    async find(env, id) {
      const member = await findMember(env, id);
      if (!member) return undefined;
      const withCode = !(await resetsWithoutCode(env.db.read, member.partner.id));
      return { id: member.row.id, name: member.row.name, withCode };
    },
    needsSecond: ({ rules }) => rules?.resetSecondApprover === true,
    isOpenTo: ({ rules, staff }) => rules?.resetsBy !== 'administrators' || staff === 'admin',
    reset: requestMfaReset,
    renew: renewAccessCode,
  }),
  page({
    method: 'GET',
    path: RESETS,
    guard: 'staff',
    handle: async ({ env, view, session, query }) =>
      show(resetsPage(view, await readWaitingResets(env, session.user.id), doneOf(query))),
  }),
  ...decision('approve', (call) =>
    makeSecret(call, {
      secretOf: (done: ResetDone) => codeOf(PEOPLE, done),
      act: (around) => approveReset(call.env, call.params.request ?? '', actorOf(call), around),
    }),
  ),
  ...decision('decline', (call) =>
    idempotentForm(
      call,
      (around) => declineReset(call.env, call.params.request ?? '', actorOf(call), around),
      seeOther(`${RESETS}?done=declined`),
    ),
  ),
];

type StaffCall = ActCall<'staffSteppedUp'>;

/** Approves a waiting reset, or removes it from the list. */
function decision(name: 'approve' | 'decline', act: (call: StaffCall) => Promise<Reply | Refusal>): readonly Route[] {
  return actPages({
    path: `${RESETS}/:request/${name}`,
    guard: 'staffSteppedUp',
    missing,
    act,
    async find({ env, session, params }) {
      const waiting = await findWaitingReset(env, params.request ?? '', session.user.id);
      return waiting && (name === 'decline' || waiting.mayApprove) ? waiting : undefined;
    },
    async draw({ env, view }, waiting) {
      const { t } = view;
      const sessions = await countOpenSessions(env, waiting.user_id);
      const given = { name: waiting.name, reason: waiting.reason, note: waiting.check_note };
      const text = t(`resets.${name}.text`, { ...given, sessions });
      const above = { href: RESETS, label: t('console.resets') };
      const title = t(`act.${name}.button`, { name: waiting.name });
      const action = `${RESETS}/${waiting.id}/${name}`;
      return questionPage(view, { title, text, action, above, isGrave: name === 'approve' });
    },
    refused: ({ view }) => missing(view),
  });
}
