import { isRefusal } from '#core/values/result.ts';
import { findMember } from '#features/console/find.ts';
import { questionPage } from '#features/console/partners/partner-page.ts';
import { makeSecret } from '#features/console/programs/secret-routes.ts';
import { actorOf, doneOf, missing } from '#features/console/shared-routes.ts';
import { approveReset, askForReset, declineReset, renewAccessCode } from '#flows/administration/reset-requests.ts';
import { doFormOnce } from '#flows/runtime/idempotency.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
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
    needsSecond: ({ config }) => config.resetSecondApprover,
    reset: askForReset,
    renew: renewAccessCode,
  }),
  page({
    method: 'GET',
    path: RESETS,
    guard: 'staff',
    handle: async ({ env, view, session, query }) =>
      show(resetsPage(view, await readWaitingResets(env, session.user.id), doneOf(query))),
  }),
  page({ method: 'GET', path: `${RESETS}/:request/approve`, guard: 'staffSteppedUp', handle: ask('approve') }),
  page({
    method: 'POST',
    path: `${RESETS}/:request/approve`,
    guard: 'staffSteppedUp',
    async handle(call) {
      const reset = await makeSecret(call, {
        act: (env) => approveReset(env, call.params.request ?? '', actorOf(call)),
        secretOf: (done) => codeOf(PEOPLE, done),
      });
      return isRefusal(reset) ? missing(call.view) : reset;
    },
  }),
  page({ method: 'GET', path: `${RESETS}/:request/decline`, guard: 'staffSteppedUp', handle: ask('decline') }),
  page({
    method: 'POST',
    path: `${RESETS}/:request/decline`,
    guard: 'staffSteppedUp',
    async handle(call) {
      const done = await doFormOnce(
        call,
        (env) => declineReset(env, call.params.request ?? '', actorOf(call)),
        seeOther(`${RESETS}?done=declined`),
      );
      return isRefusal(done) ? missing(call.view) : done;
    },
  }),
];

/** The page before a waiting reset is carried out or taken off the list. */
function ask(name: 'approve' | 'decline') {
  return async ({ env, view, session, params }: PageCall<'staffSteppedUp'>): Promise<Reply> => {
    const waiting = await findWaitingReset(env, params.request ?? '', session.user.id);
    if (!waiting || (name === 'approve' && !waiting.mayApprove)) return missing(view);
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
