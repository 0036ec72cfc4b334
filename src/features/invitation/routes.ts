import { z } from 'zod';
import { PATHS } from '#core/paths.ts';
import { DEVICE_SECONDS } from '#core/sessions/session.ts';
import { isRefusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { idempotentAround } from '#flows/runtime/idempotency.ts';
import type { BegunSignIn } from '#flows/sign-in/begin-sign-in.ts';
import { minimumLengthFor } from '#flows/sign-in/new-password.ts';
import { signOut } from '#flows/sign-in/sign-out.ts';
import { viewFor } from '#http/pages/brand.ts';
import { type CookieChange, type Reply, seeOther, show, wayOf } from '#http/pages/reply.ts';
import { problemHeaders, statusOf } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import type { View } from '#ui/view.ts';
import { type Accepted, acceptInvitation, type Faults, findInvitation, type Invitation } from './accept.ts';

import { createFirstAdministrator } from './first-administrator.ts';
import { deadInvitationPage, invitationPage } from './pages.ts';

const PATH = '/invitation/:token';

const invitationForm = z.object({
  email: typed('email').optional(),
  name: typed('name').optional(),
  password: typed('password').optional(),
});

type Form = z.output<typeof invitationForm>;

export const invitationRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: PATH,
    guard: 'public',
    async handle({ env, view, params }) {
      const invitation = await findInvitation(env, params.token ?? '');
      return invitation
        ? show(invitationPage(viewOf(env, view, invitation), facts(params, invitation, { email: view.restoredEmail })))
        : dead(view);
    },
  }),
  page({ method: 'POST', path: PATH, guard: 'public', form: invitationForm, handle: submitInvitation }),
];

async function submitInvitation(call: PageCall<'public', Form>): Promise<Reply> {
  const { env, view, client, params, input, pending, session } = call;
  const invitation = await findInvitation(env, params.token ?? '');
  if (!invitation) return dead(view);
  const { email = '', name = '', password = '' } = input;
  const answered = { email, name, password, locale: view.locale, client, held: { pending, session } };
  const around = idempotentAround<Accepted>(call, (done) => wayOf(acceptedReply(done)));
  const outcome =
    invitation.kind === 'invitation'
      ? await acceptInvitation(env, invitation, answered, around)
      : await createFirstAdministrator(env, invitation.linkId, answered, around);
  const again = (faults: Faults): Reply => ({
    ...show(
      invitationPage(viewOf(env, view, invitation), { ...facts(params, invitation, input), faults }),
      statusOfFaults(faults),
    ),
    headers: faults.password ? problemHeaders(faults.password) : {},
  });
  if (isRefusal(outcome)) return outcome.refused === 'not_found' ? dead(view) : again({ password: outcome });
  if ('faults' in outcome) return again(outcome.faults);
  // The page named the person who is signed out here.
  if (session) await signOut(env, session, client);
  return acceptedReply(outcome);
}

function dead(view: PageCall<'public'>['view']): Reply {
  return show(deadInvitationPage(view), 404);
}

function viewOf(env: Env, view: View, invitation: Invitation): View {
  return viewFor(env, view, invitation.kind === 'invitation' ? invitation.person.partner : undefined);
}

/** The typed values stay, except for the password. The email of an invitation cannot be edited. */
function facts(params: PageCall<'public'>['params'], invitation: Invitation, typed: Form) {
  const person = invitation.kind === 'invitation' ? invitation.person : undefined;
  return {
    action: `/invitation/${params.token ?? ''}`,
    kind: invitation.kind,
    partnerName: person?.partner?.name,
    email: person?.user.email ?? typed.email,
    name: typed.name ?? person?.user.name,
    minimum: minimumLengthFor({ partner: person?.partner }),
  };
}

function statusOfFaults({ email, name, password }: Faults): number {
  if (email === 'malformed' || name) return statusOf('invalid_request');
  return statusOf(password?.refused ?? 'password_unacceptable');
}

function acceptedReply({ begun, deviceToken }: Accepted): Reply {
  const device: CookieChange = { cookie: 'device', value: deviceToken, maxAgeSeconds: DEVICE_SECONDS };
  const pending = begun && pendingToken(begun);
  if (pending === undefined) {
    return seeOther(`${PATHS.signIn}?password-saved`, [{ cookie: 'session' }, { cookie: 'pending' }, device]);
  }
  return seeOther(PATHS.enroll, [{ cookie: 'session' }, { cookie: 'pending', value: pending }, device]);
}

function pendingToken(begun: BegunSignIn): string | undefined {
  return begun.state === 'complete' ? undefined : begun.pendingToken;
}
