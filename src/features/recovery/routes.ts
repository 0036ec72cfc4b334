import { z } from 'zod';
import { PATHS } from '#core/paths.ts';
import { canonicalEmail } from '#core/people/email.ts';
import { DEVICE_SECONDS } from '#core/sessions/session.ts';
import { isRefusal } from '#core/values/result.ts';
import type { KeyRing } from '#crypto/key-ring.ts';
import { idempotentAround } from '#flows/runtime/idempotency.ts';
import { minimumLengthFor } from '#flows/sign-in/new-password.ts';
import type { LinkFinished } from '#flows/sign-in/password-by-link.ts';
import { signOut } from '#flows/sign-in/sign-out.ts';
import { viewFor } from '#http/pages/brand.ts';
import { type Reply, seeOther, show, wayOf } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { deadLinkPage, forgotPasswordPage, linkSentPage, newPasswordPage } from './pages.ts';
import { type Requested, requestResetLink } from './request-link.ts';
import { findReset, type OpenReset, resetPassword } from './reset-password.ts';
import { revertRoutes } from './revert-routes.ts';

const PATH = '/password/:token';
const SENT_TO = 'to';
const SENT_BINDING = { table: 'typed-email', rowId: '', userId: '' };

const emailForm = z.object({ email: typed('email').optional() });
const passwordForm = z.object({ password: typed('password').optional() });

export const recoveryRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: '/forgot-password',
    guard: 'public',
    handle: ({ env, view, query }) =>
      show(
        query.has('sent')
          ? linkSentPage(view, readSentTo(env.keys, query))
          : forgotPasswordPage(view, { email: view.restoredEmail }),
      ),
  }),
  page({
    method: 'POST',
    path: '/forgot-password',
    guard: 'public',
    form: emailForm,
    async handle({ env, view, client, input, formKey }) {
      const email = canonicalEmail(input.email ?? '');
      if (email === undefined) return show(forgotPasswordPage(view, { email: input.email, malformed: true }), 400);
      const sentTo = seeOther(sentAddress(env.keys, email));
      const around = idempotentAround<Requested>({ env, formKey }, () => sentTo);
      const asked = await requestResetLink(env, email, client, around);
      if (asked === undefined) return sentTo;
      return showRefusal(forgotPasswordPage(view, { email: input.email, refusal: asked }), asked);
    },
  }),
  page({
    method: 'GET',
    path: PATH,
    guard: 'public',
    async handle(call) {
      const open = await findReset(call.env, call.params.token ?? '');
      return open ? show(newPasswordPage(viewOf(call, open), facts(call, open))) : show(deadLinkPage(call.view), 404);
    },
  }),
  page({ method: 'POST', path: PATH, guard: 'public', form: passwordForm, handle: submitPassword }),
  ...revertRoutes,
];

async function submitPassword(call: PageCall<'public', z.output<typeof passwordForm>>): Promise<Reply> {
  const { env, view, client, params, input, session } = call;
  const open = await findReset(env, params.token ?? '');
  if (!open) return show(deadLinkPage(view), 404);
  const around = idempotentAround<LinkFinished>(call, (done) => wayOf(passwordSaved(done)));
  const finished = await resetPassword(env, open, input.password ?? '', client, around);
  if (!isRefusal(finished)) {
    // The page named the person who is signed out here.
    if (session) await signOut(env, session, client);
    return passwordSaved(finished);
  }
  if (finished.refused === 'not_found') return show(deadLinkPage(view), 404);
  return showRefusal(newPasswordPage(viewOf(call, open), { ...facts(call, open), refusal: finished }), finished);
}

function passwordSaved({ deviceToken }: LinkFinished): Reply {
  return seeOther(`${PATHS.signIn}?password-saved`, [
    { cookie: 'session' },
    { cookie: 'pending' },
    { cookie: 'device', value: deviceToken, maxAgeSeconds: DEVICE_SECONDS },
  ]);
}

function viewOf({ env, view }: PageCall<'public', unknown>, { person }: OpenReset) {
  return viewFor(env, view, person.partner);
}

function facts({ params }: PageCall<'public', unknown>, { person }: OpenReset) {
  return {
    action: `/password/${params.token ?? ''}`,
    email: person.user.email,
    minimum: minimumLengthFor(person),
  };
}

/** The page that says where a link went. The email is sealed, because addresses stand in logs and in histories. */
function sentAddress(keys: KeyRing, email: string): string {
  return `/forgot-password?sent&${SENT_TO}=${keys.seal('typed-email', SENT_BINDING, email)}`;
}

/** The email of that page; undefined for an address that we did not make. */
function readSentTo(keys: KeyRing, query: URLSearchParams): string | undefined {
  try {
    return keys.open('typed-email', SENT_BINDING, query.get(SENT_TO) ?? '').toString();
  } catch {
    return undefined;
  }
}
