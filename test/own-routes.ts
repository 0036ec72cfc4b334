import type { ApiRoute, PageRoute } from '#http/route.ts';
import { ROUTES } from '../src/routes.ts';

/** The routes that are pages of ours or calls of our API; those of a protocol have tests of their own. */
export const OWN_ROUTES: readonly (PageRoute | ApiRoute)[] = ROUTES.filter((route) => route.channel !== 'protocol');
