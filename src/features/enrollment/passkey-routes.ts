import { z } from 'zod';
import { PATHS } from '#core/paths.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { kindsFor } from '#flows/authenticators/allowed-kinds.ts';
import { idempotentAround } from '#flows/runtime/idempotency.ts';
import { json, type Reply, seeOther, sessionCookies, show, wayOf } from '#http/pages/reply.ts';
import { showRefusal, statusOf } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { isAtSetUp } from '#store/sign-in/pending-sign-ins.ts';
import { readCreation } from '#wire/webauthn.ts';
import { confirmAtSignIn, type EnrolledSignIn, startPasskeyAtSignIn } from './at-sign-in.ts';
import { passkeySetUpPage } from './passkey-page.ts';

const PASSKEY = '/enroll/passkey';

const credentialForm = z.object({ credential: typed('credential').optional() });

/** The set-up of a passkey at sign-in, instead of an app or because the policy needs one. */
export const enrollPasskeyRoutes: readonly Route[] = [
  page({ method: 'GET', path: PASSKEY, guard: 'pendingSignIn', handle: (call) => showSetUp(call) }),
  page({ method: 'POST', path: PASSKEY, guard: 'pendingSignIn', form: credentialForm, handle: submitPasskey }),
  page({
    method: 'POST',
    path: `${PASSKEY}/options`,
    guard: 'pendingSignIn',
    async handle({ env, pending, client }) {
      const started = await startPasskeyAtSignIn(env, pending, client);
      return isRefusal(started) ? json({ code: started.refused }, statusOf(started.refused)) : json(started.options);
    },
  }),
];

type PendingCall = Pick<PageCall<'pendingSignIn'>, 'env' | 'view' | 'pending'>;

function showSetUp({ env, view, pending }: PendingCall, refusal?: Refusal): Reply {
  if (!isAtSetUp(pending)) return seeOther(PATHS.oneTimeCode);
  const kinds = kindsFor(env, pending);
  if (!kinds.includes('passkey')) return seeOther(PATHS.enroll);
  const drawn = passkeySetUpPage(view, { email: pending.user.email, hasApp: kinds.includes('totp'), refusal });
  return refusal ? showRefusal(drawn, refusal) : show(drawn);
}

async function submitPasskey(call: PageCall<'pendingSignIn', z.output<typeof credentialForm>>): Promise<Reply> {
  const { env, pending, client, input } = call;
  if (!isAtSetUp(pending)) return seeOther(PATHS.oneTimeCode);
  const creation = readCreation(input.credential);
  const around = idempotentAround<EnrolledSignIn>(call, (done) => wayOf(enrolledReply(done)));
  const done = creation
    ? await confirmAtSignIn(env, pending, { kind: 'passkey', creation }, client, around)
    : refuse('challenge_expired');
  if (!isRefusal(done)) return enrolledReply(done);
  return done.refused === 'sign_in_expired' ? seeOther(PATHS.signIn) : showSetUp(call, done);
}

/** To the codes of a first authenticator, else to where the sign-in leads. */
function enrolledReply({ session, recoveryCodes }: EnrolledSignIn): Reply {
  return seeOther(recoveryCodes ? PATHS.newRecoveryCodes : session.continueTo, sessionCookies(session));
}
