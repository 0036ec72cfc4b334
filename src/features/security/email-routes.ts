import { z } from 'zod';
import { isRefusal } from '#core/result.ts';
import { showRefusal } from '#http/problem.ts';
import { type Reply, seeOther, show } from '#http/reply.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { findWaitingEmail } from '#store/email-links.ts';
import { confirmEmail, type EmailRefused, findConfirmation, requestEmail } from './change-email.ts';
import { confirmEmailPage, deadConfirmationPage, emailPage } from './email-pages.ts';

const PATH = '/security/email';
const LINK = '/email/:token';

const emailForm = z.object({ email: z.string().optional(), current: z.string().optional() });

type Form = PageCall<'steppedUp', z.output<typeof emailForm>>;

export const emailRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: PATH,
    guard: 'steppedUp',
    handle: async (call) => show(await drawn(call, call.view.kept?.email ?? '')),
  }),
  page({ method: 'POST', path: PATH, guard: 'steppedUp', form: emailForm, keeps: ['email'], handle: submitEmail }),
  page({
    method: 'GET',
    path: LINK,
    guard: 'session',
    async handle({ env, view, session, params }) {
      const token = params.token ?? '';
      const link = await findConfirmation(env, session, token);
      if (!link) return show(deadConfirmationPage(view), 404);
      return show(confirmEmailPage(view, { action: `/email/${token}`, from: session.user.email, to: link.email }));
    },
  }),
  page({
    method: 'POST',
    path: LINK,
    guard: 'session',
    async handle({ env, view, session, client, params }) {
      const link = await findConfirmation(env, session, params.token ?? '');
      const changed = link && (await confirmEmail(env, session, link, client));
      if (changed === true) return seeOther('/security');
      return changed?.refused === 'sign_in_expired' ? seeOther('/sign-in') : show(deadConfirmationPage(view), 404);
    },
  }),
];

async function submitEmail(call: Form): Promise<Reply> {
  const { env, session, client, input } = call;
  const { email = '', current = '' } = input;
  const asked = await requestEmail(env, session, { email, current }, client);
  if (asked === true) return seeOther('/security');
  if (isRefusal(asked.refusal) && asked.refusal.refused === 'sign_in_expired') return seeOther('/sign-in');
  return showRefusal(await drawn(call, email, asked), asked.refusal);
}

async function drawn(
  { env, view, session }: Pick<Form, 'env' | 'view' | 'session'>,
  typed: string,
  refused?: EmailRefused,
) {
  const { id, email } = session.user;
  return emailPage(view, { email, typed, waiting: await findWaitingEmail(env.db.read, id, view.now), refused });
}
