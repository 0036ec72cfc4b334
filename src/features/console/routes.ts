import { adoptionRoutes } from '#features/console/adoption/routes.ts';
import { mailRoutes } from '#features/console/audit/mail-routes.ts';
import { auditRoutes } from '#features/console/audit/routes.ts';
import { changeRoutes } from '#features/console/bulk/change-routes.ts';
import { importRoutes } from '#features/console/bulk/import-routes.ts';
import { jobRoutes } from '#features/console/bulk/job-routes.ts';
import { partnerRoutes } from '#features/console/partners/partner-routes.ts';
import { deviceRoutes } from '#features/console/people/device-routes.ts';
import { editRoutes } from '#features/console/people/edit-routes.ts';
import { personRoutes } from '#features/console/people/person-routes.ts';
import { staffRoutes } from '#features/console/people/staff-routes.ts';
import { apiKeyRoutes } from '#features/console/programs/api-key-routes.ts';
import { clientRoutes } from '#features/console/programs/client-routes.ts';
import { secretRoutes } from '#features/console/programs/secret-routes.ts';
import { webhookRoutes } from '#features/console/programs/webhook-routes.ts';
import { resetRoutes } from '#features/console/resets/reset-routes.ts';
import { ROLL_OUT } from '#features/console/rollout/query.ts';
import { rollOutRoutes } from '#features/console/rollout/routes.ts';
import { searchPage } from '#features/console/search/page.ts';
import { searchAll } from '#features/console/search/search.ts';
import { settingsRoutes } from '#features/console/settings/routes.ts';
import { seeOther, show } from '#http/pages/reply.ts';
import { page, type Route } from '#http/route.ts';

export const consoleRoutes: readonly Route[] = [
  page({ method: 'GET', path: '/console', guard: 'staff', handle: () => seeOther(ROLL_OUT) }),
  page({
    method: 'GET',
    path: '/console/find',
    guard: 'staff',
    handle: async ({ env, view, query }) => show(searchPage(view, await searchAll(env, query))),
  }),
  ...rollOutRoutes,
  ...adoptionRoutes,
  ...auditRoutes,
  ...partnerRoutes,
  ...changeRoutes,
  ...jobRoutes,
  ...importRoutes,
  ...personRoutes,
  ...editRoutes,
  ...deviceRoutes,
  ...mailRoutes,
  ...resetRoutes,
  ...secretRoutes,
  ...staffRoutes,
  ...clientRoutes,
  ...apiKeyRoutes,
  ...webhookRoutes,
  ...settingsRoutes,
];
