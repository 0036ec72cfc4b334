import { z } from 'zod';
import type { Assertion } from '#core/authenticators/passkeys/webauthn.ts';
import { PATHS } from '#core/paths.ts';
import { continuePath } from '#core/sessions/return-target.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { findRelyingParty } from '#flows/authenticators/passkey-challenge.ts';
import { idempotentAround } from '#flows/runtime/idempotency.ts';
import type { NewSession } from '#flows/sign-in/finish-sign-in.ts';
import { json, type Reply, seeOther, sessionCookies, show, wayOf } from '#http/pages/reply.ts';
import { showRefusal, statusOf } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { findPasskey } from '#store/authenticators/authenticators.ts';
import { isAtSetUp } from '#store/sign-in/pending-sign-ins.ts';
import { readAssertion } from '#wire/webauthn.ts';
import { offeredMethods, openedReply } from './code-routes.ts';
import { signInPage } from './pages.ts';
import { askForAnyPasskey, signInWithPasskeyAlone } from './passkey.ts';
import { passkeyOfferPage, passkeyPage } from './passkey-page.ts';
import { askForPendingPasskey, type OpenedSignIn, signInWithPasskey } from './second-factor.ts';

const ALONE = '/sign-in/passkey/alone';

const credentialForm = z.object({ credential: typed('credential').optional() });
const aloneForm = z.object({ credential: typed('credential').optional(), return_to: typed('address').optional() });

export const passkeyRoutes: readonly Route[] = [
  page({ method: 'GET', path: PATHS.passkey, guard: 'pendingSignIn', handle: (call) => showPasskey(call) }),
  page({ method: 'POST', path: PATHS.passkey, guard: 'pendingSignIn', form: credentialForm, handle: submitPasskey }),
  page({
    method: 'POST',
    path: '/sign-in/passkey/options',
    guard: 'pendingSignIn',
    async handle({ env, pending, client }) {
      return optionsReply(await askForPendingPasskey(env, pending, client));
    },
  }),
  page({
    method: 'GET',
    path: PATHS.passkeyOffer,
    guard: 'session',
    handle: ({ view, session }) => show(passkeyOfferPage(view, session.continueTo)),
  }),
  page({ method: 'POST', path: ALONE, guard: 'public', form: aloneForm, handle: submitAlone }),
  page({
    method: 'POST',
    path: `${ALONE}/options`,
    guard: 'public',
    async handle({ env, client }) {
      return optionsReply(await askForAnyPasskey(env, client));
    },
  }),
];

function optionsReply(options: object | Refusal): Reply {
  return isRefusal(options) ? json({ code: options.refused }, statusOf(options.refused)) : json(options);
}

type PendingCall = Pick<PageCall<'pendingSignIn'>, 'env' | 'view' | 'pending'>;

async function showPasskey({ env, view, pending }: PendingCall, refusal?: Refusal): Promise<Reply> {
  if (isAtSetUp(pending)) return seeOther(PATHS.enroll);
  const methods = await offeredMethods(env, pending);
  if (!methods.includes('passkey')) return seeOther(PATHS.oneTimeCode);
  const drawn = passkeyPage(view, { email: pending.user.email, methods, refusal });
  return refusal ? showRefusal(drawn, refusal) : show(drawn);
}

async function submitPasskey(call: PageCall<'pendingSignIn', z.output<typeof credentialForm>>): Promise<Reply> {
  const { env, client, input, pending } = call;
  if (isAtSetUp(pending)) return seeOther(PATHS.enroll);
  const assertion = readAssertion(input.credential);
  const around = idempotentAround<OpenedSignIn>(call, (opened) => wayOf(openedReply(opened)));
  const opened = assertion
    ? await signInWithPasskey(env, pending, assertion, client, around)
    : refuse('challenge_expired');
  if (!isRefusal(opened)) return openedReply(opened);
  return opened.refused === 'sign_in_expired' ? seeOther(PATHS.signIn) : showPasskey(call, opened);
}

async function submitAlone(call: PageCall<'public', z.output<typeof aloneForm>>): Promise<Reply> {
  const { env, client, input, session } = call;
  const returnTo = continuePath(input.return_to ?? '');
  const assertion = readAssertion(input.credential);
  if (!assertion) return refusedAlone(call, returnTo, refuse('challenge_expired'), undefined);
  const around = idempotentAround<NewSession>(call, ({ continueTo }) => seeOther(continueTo));
  const signIn = { channel: 'page', client, returnTo, session } as const;
  const opened = await signInWithPasskeyAlone(env, signIn, assertion, around);
  if (isRefusal(opened)) return refusedAlone(call, returnTo, opened, assertion);
  return seeOther(opened.continueTo, sessionCookies(opened));
}

async function refusedAlone(
  { env, view }: Pick<PageCall<'public'>, 'env' | 'view'>,
  returnTo: string | undefined,
  refusal: Refusal,
  assertion: Assertion | undefined,
): Promise<Reply> {
  const rp = findRelyingParty(env.config);
  // Only one that nobody has: a browser forgets it, and a disabled person may be enabled again.
  const isUnknown = assertion !== undefined && (await findPasskey(env.db.read, assertion.id)) === undefined;
  const unknown = rp && isUnknown ? { rpId: rp.id, id: assertion.id } : undefined;
  const drawn = signInPage(view, { returnTo, offersPasskeys: rp !== undefined, passkeyRefusal: refusal, unknown });
  return showRefusal(drawn, refusal);
}
