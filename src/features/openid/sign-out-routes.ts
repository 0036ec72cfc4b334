import { z } from 'zod';
import { signOut } from '#flows/sign-in/sign-out.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { type ProtocolCall, page, protocol, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { invalidPage, signedOutPage, signOutPage } from './pages.ts';
import { isOfSession, readSignOut, type SignOutAsked } from './sign-out.ts';

const SIGN_OUT = '/oidc/sign-out';

const confirmForm = z.object({
  id_token_hint: typed('address').optional(),
  client_id: typed('word').optional(),
  post_logout_redirect_uri: typed('address').optional(),
  state: typed('address').optional(),
});

export const signOutRoutes: readonly Route[] = [
  protocol({ methods: ['GET', 'POST'], path: SIGN_OUT, guard: 'public', handle: askedToSignOut }),
  page({
    method: 'POST',
    path: `${SIGN_OUT}/confirm`,
    guard: 'public',
    form: confirmForm,
    async handle({ env, view, session, client, input }) {
      const given = Object.entries(input).flatMap(([name, value]) => (value ? [[name, value] as const] : []));
      const asked = await readSignOut(env, new URLSearchParams(Object.fromEntries(given)));
      if (asked === 'invalid') return show(invalidPage(view), 400);
      if (session) await signOut(env, session, client);
      return wayOut(asked);
    },
  }),
  page({ method: 'GET', path: '/oidc/signed-out', guard: 'public', handle: ({ view }) => show(signedOutPage(view)) }),
];

/** An ID token of this session proves that the person wants to sign out. Without one the person must confirm. */
async function askedToSignOut(call: ProtocolCall): Promise<Reply> {
  const { env, view, session, client, request } = call;
  // A form on another site sends none of our cookies. The same request by GET sends them.
  if (request.method === 'POST') return seeOther(`${SIGN_OUT}?${new URLSearchParams(call.body.toString('utf8'))}`);
  const params = new URLSearchParams(call.search);
  const asked = await readSignOut(env, params);
  if (asked === 'invalid') return show(invalidPage(view), 400);
  if (!session) return wayOut(asked);
  if (await isOfSession(env, asked, { id: session.id, userId: session.user.id })) {
    await signOut(env, session, client);
    return wayOut(asked);
  }
  return show(signOutPage(view, Object.fromEntries(params)));
}

function wayOut({ target }: SignOutAsked): Reply {
  return {
    ...seeOther(target ?? '/oidc/signed-out', [{ cookie: 'session' }, { cookie: 'pending' }]),
    leavesFlow: true,
  };
}
