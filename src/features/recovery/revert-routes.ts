import { isRefusal } from '#core/values/result.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import { signOut } from '#flows/sign-in/sign-out.ts';
import { seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { page, type Route } from '#http/route.ts';
import { findRevert, revertEmail } from './revert-email.ts';
import { deadRevertPage, revertedPage, revertPage } from './revert-pages.ts';

const PATH = '/email-revert/:token';
const DONE = '/email-reverted';

/** Public, because the person who needs it is signed out, or never signed in on this device. */
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
    async handle({ env, view, client, params, formKey, session }) {
      const token = params.token ?? '';
      const link = await findRevert(env, token);
      if (!link) return show(deadRevertPage(view), 404);
      const reverted = await idempotentForm(
        { env, formKey },
        (around) => revertEmail(env, link, client, around),
        seeOther(DONE, [{ cookie: 'session' }, { cookie: 'pending' }]),
      );
      if (!isRefusal(reverted)) {
        if (session) await signOut(env, session, client);
        return reverted;
      }
      if (reverted.refused === 'not_found') return show(deadRevertPage(view), 404);
      return showRefusal(revertPage(view, { action: `/email-revert/${token}`, email: link.email }), reverted);
    },
  }),
  page({ method: 'GET', path: DONE, guard: 'public', handle: ({ view }) => show(revertedPage(view)) }),
];
