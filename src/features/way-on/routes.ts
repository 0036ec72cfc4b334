import { PATHS } from '#core/paths.ts';
import { seeOther, show } from '#http/pages/reply.ts';
import { readWayOn } from '#http/pages/way-on.ts';
import { page } from '#http/route.ts';
import { wayOnPage } from './pages.ts';

export const wayOnRoutes = [
  page({
    method: 'GET',
    path: PATHS.wayOn,
    guard: 'public',
    handle({ env, view, query }) {
      const target = readWayOn(env.keys, query);
      return target === undefined ? seeOther('/') : show(wayOnPage(view, target));
    },
  }),
];
