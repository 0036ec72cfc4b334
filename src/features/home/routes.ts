import { PATHS } from '#core/paths.ts';
import { signOut } from '#flows/sign-in/sign-out.ts';
import { seeOther, show } from '#http/pages/reply.ts';
import { page, type Route } from '#http/route.ts';
import { homePage } from './pages.ts';

export const homeRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: '/',
    guard: 'session',
    handle: ({ view, session: { user, partner, authTime, amr, trustedDeviceId } }) =>
      show(
        homePage(view, {
          name: user.name,
          email: user.email,
          partnerName: partner?.name,
          signedInAt: authTime,
          amr,
          onTrustedDevice: trustedDeviceId !== undefined,
        }),
      ),
  }),
  page({
    // Public, because signing out must work after the session has expired.
    method: 'POST',
    path: '/sign-out',
    guard: 'public',
    async handle({ env, session, client }) {
      if (session) await signOut(env, session, client);
      return seeOther(`${PATHS.signIn}?signed-out`, [{ cookie: 'session' }, { cookie: 'pending' }]);
    },
  }),
  page({
    // Password managers look here: W3C, "A Well-Known URL for Changing Passwords".
    method: 'GET',
    path: '/.well-known/change-password',
    guard: 'public',
    handle: () => seeOther(PATHS.password),
  }),
];
