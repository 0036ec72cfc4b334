import { enrollmentRoutes } from '#features/enrollment/routes.ts';
import { helpRoutes } from '#features/help/routes.ts';
import { languageRoutes } from '#features/language/routes.ts';
import { signInRoutes } from '#features/sign-in/routes.ts';
import type { Route } from '#http/route.ts';

/** Every page and call that the service answers, feature by feature. */
export const ROUTES: readonly Route[] = [...signInRoutes, ...enrollmentRoutes, ...helpRoutes, ...languageRoutes];
