import type { ApiRoute, PageRoute } from '#http/route.ts';
import { ROUTES } from '../src/routes.ts';

/** Our own pages and API calls. The protocol routes have their own tests. */
export const OWN_ROUTES: readonly (PageRoute | ApiRoute)[] = ROUTES.filter((route) => route.channel !== 'protocol');
