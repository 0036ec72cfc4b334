import { seeOther } from '#http/reply.ts';
import { page, type Route } from '#http/route.ts';
import { adoptionRoutes } from './adoption-routes.ts';
import { apiKeyRoutes } from './api-key-routes.ts';
import { auditRoutes } from './audit-routes.ts';
import { clientRoutes } from './client-routes.ts';
import { mailRoutes } from './mail-routes.ts';
import { partnerRoutes } from './partner-routes.ts';
import { personRoutes } from './person-routes.ts';
import { resetRoutes } from './reset-routes.ts';
import { secretRoutes } from './secret-routes.ts';
import { staffRoutes } from './staff-routes.ts';
import { webhookRoutes } from './webhook-routes.ts';

export const consoleRoutes: readonly Route[] = [
  page({ method: 'GET', path: '/console', guard: 'staff', handle: () => seeOther('/console/partners') }),
  ...adoptionRoutes,
  ...auditRoutes,
  ...partnerRoutes,
  ...personRoutes,
  ...mailRoutes,
  ...resetRoutes,
  ...secretRoutes,
  ...staffRoutes,
  ...clientRoutes,
  ...apiKeyRoutes,
  ...webhookRoutes,
];
