import { consoleRoutes } from '#features/console/routes.ts';
import { enrollmentApi } from '#features/enrollment/api.ts';
import { enrollmentRoutes } from '#features/enrollment/routes.ts';
import { forwardAuthRoutes } from '#features/forward-auth/routes.ts';
import { helpRoutes } from '#features/help/routes.ts';
import { homeRoutes } from '#features/home/routes.ts';
import { invitationRoutes } from '#features/invitation/routes.ts';
import { languageRoutes } from '#features/language/routes.ts';
import { managementApi } from '#features/management/routes.ts';
import { openidRoutes } from '#features/openid/routes.ts';
import { recoveryRoutes } from '#features/recovery/routes.ts';
import { securityRoutes } from '#features/security/routes.ts';
import { signInApi } from '#features/sign-in/api.ts';
import { signInRoutes } from '#features/sign-in/routes.ts';
import { stepUpRoutes } from '#features/step-up/routes.ts';
import { teamRoutes } from '#features/team/routes.ts';
import { wayOnRoutes } from '#features/way-on/routes.ts';
import type { Route } from '#http/route.ts';

/** Every page and call of the service, by feature. */
export const ROUTES: readonly Route[] = [
  ...signInRoutes,
  ...signInApi,
  ...enrollmentRoutes,
  ...enrollmentApi,
  ...stepUpRoutes,
  ...securityRoutes,
  ...recoveryRoutes,
  ...invitationRoutes,
  ...consoleRoutes,
  ...teamRoutes,
  ...managementApi,
  ...forwardAuthRoutes,
  ...homeRoutes,
  ...helpRoutes,
  ...languageRoutes,
  ...wayOnRoutes,
  ...openidRoutes,
];
