import type { Route } from '#http/route.ts';
import { authorizeRoutes } from './authorize-routes.ts';
import { consentRoutes } from './consent-routes.ts';
import { signOutRoutes } from './sign-out-routes.ts';
import { tokenRoutes } from './token-routes.ts';

export const openidRoutes: readonly Route[] = [...authorizeRoutes, ...tokenRoutes, ...consentRoutes, ...signOutRoutes];
