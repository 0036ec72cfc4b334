import { z } from 'zod';
import { PATHS } from '#core/paths.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import { idempotentAround, idempotentForm } from '#flows/runtime/idempotency.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { factorsOf } from '#store/authenticators/authenticators.ts';
import { findWaitingEmail } from '#store/people/email-links.ts';
import { confirmEmail, type EmailRefused, findConfirmation, requestEmail } from './change-email.ts';
import { confirmEmailPage, deadConfirmationPage, emailPage, frozenEmailPage } from './email-pages.ts';
import { freezeOf } from './freeze.ts';

const PATH = '/security/email';
const LINK = '/email/:token';
const STAFF_LINK = '/email-change/:token';

const emailForm = z.object({ email: typed('email').optional(), current: typed('password').optional() });

type Form = PageCall<'steppedUp', z.output<typeof emailForm>>;

export const emailRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: PATH,
    guard: 'steppedUp',
    async handle(call) {
      const until = await frozenUntil(call);
      return show(
        until === undefined ? await drawn(call, call.view.restored?.email ?? '') : frozenEmailPage(call.view, until),
      );
    },
  }),
  page({ method: 'POST', path: PATH, guard: 'steppedUp', form: emailForm, keeps: ['email'], handle: submitEmail }),
  page({ method: 'GET', path: LINK, guard: 'session', handle: (call) => showConfirm(call, 'person') }),
  page({ method: 'POST', path: LINK, guard: 'session', handle: (call) => submitConfirm(call, 'person') }),
  // The person has not asked for this change in a session of theirs, so a fresh proof comes first.
  page({ method: 'GET', path: STAFF_LINK, guard: 'steppedUp', handle: (call) => showConfirm(call, 'staff') }),
  page({ method: 'POST', path: STAFF_LINK, guard: 'steppedUp', handle: (call) => submitConfirm(call, 'staff') }),
];

type LinkCall = PageCall<'session'> | PageCall<'steppedUp'>;
type AskedBy = Parameters<typeof findConfirmation>[3];

async function showConfirm({ env, view, session, params }: LinkCall, askedBy: AskedBy): Promise<Reply> {
  const until = await frozenUntil({ env, session });
  if (until !== undefined) return show(frozenEmailPage(view, until));
  const token = params.token ?? '';
  const link = await findConfirmation(env, session, token, askedBy);
  if (!link) return show(deadConfirmationPage(view), 404);
  const action = `${askedBy === 'staff' ? '/email-change' : '/email'}/${token}`;
  return show(confirmEmailPage(view, { action, from: session.user.email, to: link.email, askedBy }));
}

async function submitConfirm(call: LinkCall, askedBy: AskedBy): Promise<Reply> {
  const { env, view, session, client, params, formKey } = call;
  const link = await findConfirmation(env, session, params.token ?? '', askedBy);
  if (!link) return show(deadConfirmationPage(view), 404);
  const changed = await idempotentForm(
    { env, formKey },
    (around) => confirmEmail(env, session, link, client, around),
    seeOther('/security'),
  );
  if (!isRefusal(changed)) return changed;
  const until = await frozenUntil({ env, session });
  if (isFrozen(changed) && until !== undefined) return showRefusal(frozenEmailPage(view, until), changed);
  return changed.refused === 'sign_in_expired' ? seeOther(PATHS.signIn) : show(deadConfirmationPage(view), 404);
}

async function submitEmail(call: Form): Promise<Reply> {
  const { env, session, client, input } = call;
  const { email = '', current = '' } = input;
  const around = idempotentAround<true>(call, () => seeOther('/security'));
  const asked = await requestEmail(env, session, { email, current }, client, around);
  if (asked === true) return seeOther('/security');
  if (isRefusal(asked.refusal) && asked.refusal.refused === 'sign_in_expired') return seeOther(PATHS.signIn);
  const until = await frozenUntil(call);
  if (isFrozen(asked.refusal) && until !== undefined) {
    return showRefusal(frozenEmailPage(call.view, until), asked.refusal);
  }
  return showRefusal(await drawn(call, email, asked), asked.refusal);
}

async function frozenUntil({ env, session }: Pick<Form, 'env' | 'session'>): Promise<number | undefined> {
  return freezeOf(env, env.db.read, session, await factorsOf(env.db.read, session.user.id));
}

function isFrozen(refusal: Refusal | undefined): refusal is Refusal {
  return refusal?.reason === 'frozen';
}

async function drawn(
  { env, view, session }: Pick<Form, 'env' | 'view' | 'session'>,
  typed: string,
  refused?: EmailRefused,
) {
  const { id, email } = session.user;
  return emailPage(view, { email, typed, waiting: await findWaitingEmail(env.db.read, id, view.now), refused });
}
