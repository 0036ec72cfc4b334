import { z } from 'zod';
import { canonicalEmail } from '#core/email.ts';
import { isRefusal } from '#core/result.ts';
import { DEVICE_SECONDS } from '#core/session.ts';
import { minimumLengthFor } from '#flows/new-password.ts';
import { statusOf } from '#http/problem.ts';
import { type Reply, seeOther, show } from '#http/reply.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { deadLinkPage, forgotPasswordPage, linkSentPage, newPasswordPage } from './pages.ts';
import { requestResetLink } from './request-link.ts';
import { findReset, type OpenReset, resetPassword } from './reset-password.ts';
import { revertRoutes } from './revert-routes.ts';

const PATH = '/password/:token';

const emailForm = z.object({ email: z.string().optional() });
const passwordForm = z.object({ password: z.string().optional() });

export const recoveryRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: '/forgot-password',
    guard: 'public',
    handle: ({ view }) => show(forgotPasswordPage(view, { email: view.keptEmail })),
  }),
  page({
    method: 'POST',
    path: '/forgot-password',
    guard: 'public',
    form: emailForm,
    async handle({ env, view, client, input }) {
      const email = canonicalEmail(input.email ?? '');
      if (email === undefined) return show(forgotPasswordPage(view, { email: input.email, malformed: true }), 400);
      await requestResetLink(env, email, client);
      return show(linkSentPage(view));
    },
  }),
  page({
    method: 'GET',
    path: PATH,
    guard: 'public',
    async handle(call) {
      const open = await findReset(call.env, call.params.token ?? '');
      return open ? show(newPasswordPage(call.view, facts(call, open))) : show(deadLinkPage(call.view), 404);
    },
  }),
  page({ method: 'POST', path: PATH, guard: 'public', form: passwordForm, handle: submitPassword }),
  ...revertRoutes,
];

async function submitPassword(call: PageCall<'public', z.output<typeof passwordForm>>): Promise<Reply> {
  const { env, view, client, params, input } = call;
  const open = await findReset(env, params.token ?? '');
  if (!open) return show(deadLinkPage(view), 404);
  const finished = await resetPassword(env, open, input.password ?? '', client);
  if (!isRefusal(finished)) {
    return seeOther('/sign-in?password-saved', [
      { cookie: 'session' },
      { cookie: 'pending' },
      { cookie: 'device', value: finished.deviceToken, maxAgeSeconds: DEVICE_SECONDS },
    ]);
  }
  const { refused } = finished;
  if (refused === 'not_found') return show(deadLinkPage(view), 404);
  return show(newPasswordPage(view, { ...facts(call, open), refusal: finished }), statusOf(refused));
}

function facts({ params }: PageCall<'public', unknown>, { person }: OpenReset) {
  return {
    action: `/password/${params.token ?? ''}`,
    email: person.user.email,
    minimum: minimumLengthFor(person),
  };
}
