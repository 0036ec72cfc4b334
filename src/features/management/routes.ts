import type { Route } from '#http/route.ts';
import { auditApi } from './audit-api.ts';
import { bulkApi } from './bulk-api.ts';
import { clientsApi } from './clients-api.ts';
import { partnersApi } from './partners-api.ts';
import { resetApi } from './reset-api.ts';
import { usersApi } from './users-api.ts';

/** The console's acts for the programs of the portal's owner, authorized by API key. */
export const managementApi: readonly Route[] = [
  ...partnersApi,
  ...usersApi,
  ...resetApi,
  ...auditApi,
  ...clientsApi,
  ...bulkApi,
];
