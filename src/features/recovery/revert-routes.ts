import { showRefusal } from '#http/problem.ts';
import { show } from '#http/reply.ts';
import { page, type Route } from '#http/route.ts';
import { findRevert, revertEmail } from './revert-email.ts';
import { deadRevertPage, revertedPage, revertPage } from './revert-pages.ts';

const PATH = '/email-revert/:token';

/** Public: whoever needs it is not signed in any more, or never was on this device. */
export const revertRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: PATH,
    guard: 'public',
    async handle({ env, view, params }) {
      const token = params.token ?? '';
      const link = await findRevert(env, token);
      if (!link) return show(deadRevertPage(view), 404);
      return show(revertPage(view, { action: `/email-revert/${token}`, email: link.email }));
    },
  }),
  page({
    method: 'POST',
    path: PATH,
    guard: 'public',
    async handle({ env, view, client, params }) {
      const token = params.token ?? '';
      const link = await findRevert(env, token);
      const reverted = link && (await revertEmail(env, link, client));
      if (reverted === true) return show(revertedPage(view), 200, [{ cookie: 'session' }, { cookie: 'pending' }]);
      if (!link || reverted?.refused === 'not_found' || reverted === undefined) return show(deadRevertPage(view), 404);
      return showRefusal(revertPage(view, { action: `/email-revert/${token}`, email: link.email }), reverted);
    },
  }),
];
