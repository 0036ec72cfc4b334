import { isRefusal, refuse } from '#core/values/result.ts';
import { api, type Route } from '#http/route.ts';
import { completeSchema, sessionAnswer } from '#wire/answers.ts';
import { assertionSchema, requestOptionsSchema } from '#wire/webauthn.ts';
import { askForAnyPasskey, signInWithPasskeyAlone } from './passkey.ts';
import { askForPendingPasskey, signInWithPasskey } from './second-factor.ts';

/** After the password with its pending token; without a token a passkey is the whole sign-in. */
export const passkeyApi: readonly Route[] = [
  api({
    method: 'POST',
    path: '/api/v1/sign-in/passkey/options',
    guard: 'maybePending',
    summary: 'What a browser needs to use a passkey: after the password, or without a token as the whole sign-in',
    answer: requestOptionsSchema,
    refusals: ['too_many_attempts', 'forbidden'],
    async handle({ env, client, pending }) {
      return pending ? askForPendingPasskey(env, pending, client) : askForAnyPasskey(env, client);
    },
  }),
  api({
    method: 'POST',
    path: '/api/v1/sign-in/passkey',
    guard: 'maybePending',
    summary: 'Finish with a passkey, or sign in with it alone',
    body: assertionSchema,
    answer: completeSchema,
    refusals: ['passkey_refused', 'challenge_expired', 'too_many_attempts', 'forbidden'],
    async handle({ env, client, pending, input }) {
      const signedIn = pending
        ? await signInWithPasskey(env, pending, input, client)
        : await signInWithPasskeyAlone(env, { channel: 'api', client, returnTo: undefined }, input);
      if (isRefusal(signedIn)) return signedIn;
      if (!('kind' in signedIn)) return { state: 'complete' as const, session: sessionAnswer(signedIn) };
      if (signedIn.kind !== 'complete') return refuse('forbidden');
      return { state: 'complete' as const, session: sessionAnswer(signedIn.session) };
    },
  }),
];
