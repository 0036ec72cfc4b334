import type { Route } from '#http/route.ts';
import { auditApi } from './audit-api.ts';
import { clientsApi } from './clients-api.ts';
import { partnersApi } from './partners-api.ts';
import { resetApi } from './reset-api.ts';
import { usersApi } from './users-api.ts';

/** What programs of the portal's owner may do: the console's acts, by key. */
export const managementApi: readonly Route[] = [...partnersApi, ...usersApi, ...resetApi, ...auditApi, ...clientsApi];
