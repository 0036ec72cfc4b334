import { bySemicolon, csvFile, show } from '#http/pages/reply.ts';
import { page, type Route } from '#http/route.ts';
import { readAdoption, readCurve, readSpan } from './adoption.ts';
import { daysCsv, overdueCsv, signInsCsv } from './csv.ts';

const ADOPTION = '/console/adoption';

export const adoptionRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: ADOPTION,
    guard: 'staff',
    async handle({ env, view, query }) {
      // The chart code is imported at the first use, because few requests need it.
      const { adoptionPage } = await import('./page.ts');
      return show(adoptionPage(view, await readAdoption(env, readSpan(query))));
    },
  }),
  page({
    method: 'GET',
    path: `${ADOPTION}/days.csv`,
    guard: 'staff',
    handle: async ({ env, query }) =>
      csvFile('adoption.csv', daysCsv(await readCurve(env, readSpan(query))), bySemicolon(query)),
  }),
  page({
    method: 'GET',
    path: `${ADOPTION}/sign-ins.csv`,
    guard: 'staff',
    handle: async ({ env, query }) => csvFile('sign-ins.csv', await signInsCsv(env), bySemicolon(query)),
  }),
  page({
    method: 'GET',
    path: `${ADOPTION}/overdue.csv`,
    guard: 'staff',
    handle: ({ env, query }) => csvFile('overdue.csv', overdueCsv(env), bySemicolon(query)),
  }),
];
