import { z } from 'zod';
import { PATHS } from '#core/paths.ts';
import { DEVICE_SECONDS } from '#core/sessions/session.ts';
import { idempotentAround } from '#flows/runtime/idempotency.ts';
import { minimumLengthFor } from '#flows/sign-in/new-password.ts';
import { seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import type { Session } from '#store/sessions/sessions.ts';
import type { View } from '#ui/view.ts';
import { type Changed, type ChangeRefused, changePassword } from './change-password.ts';
import { passwordPage } from './pages.ts';

const PATH = '/security/password';

const changeForm = z.object({ current: typed('password').optional(), new: typed('password').optional() });

export const passwordRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: PATH,
    guard: 'steppedUp',
    handle: ({ view, session }) => show(changePage(view, session)),
  }),
  page({
    method: 'POST',
    path: PATH,
    guard: 'steppedUp',
    form: changeForm,
    async handle({ env, view, session, client, input, formKey }) {
      const around = idempotentAround<Changed>({ env, formKey }, () => seeOther('/security'));
      const change = { current: input.current ?? '', next: input.new ?? '' };
      const done = await changePassword(env, session, change, client, around);
      if ('field' in done && done.refusal.refused === 'sign_in_expired') return seeOther(PATHS.signIn);
      if ('field' in done) return showRefusal(changePage(view, session, done), done.refusal);
      return seeOther('/security', [{ cookie: 'device', value: done.deviceToken, maxAgeSeconds: DEVICE_SECONDS }]);
    },
  }),
];

function changePage(view: View, session: Session, refusal?: ChangeRefused) {
  const { user } = session;
  const minimum = minimumLengthFor(session);
  return passwordPage(view, {
    email: user.email,
    hint: view.t('password.hint', { minimum }),
    minimum,
    ...(refusal && { refusal }),
  });
}
