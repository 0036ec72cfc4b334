import { z } from 'zod';
import { PATHS } from '#core/paths.ts';
import { seeOther, show } from '#http/pages/reply.ts';
import { page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { canTrust, endTrusted, listTrusted } from './list.ts';
import { trustedPage } from './pages.ts';

const PATH = '/security/trusted-devices';

const deviceForm = z.object({ id: typed('id').optional() });

/** A person's trusted devices. Ending one needs no proof, like the end of a session. */
export const trustedRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: PATH,
    guard: 'session',
    handle: async ({ env, view, session, client }) =>
      show(trustedPage(view, { devices: await listTrusted(env, session, client), mayTrust: canTrust(env, session) })),
  }),
  page({
    method: 'POST',
    path: `${PATH}/end`,
    guard: 'session',
    form: deviceForm,
    async handle({ env, session, client, input }) {
      // A device that has already ended needs no error: the list shows it.
      await endTrusted(env, session, input.id ?? '', client);
      return seeOther(PATHS.trustedDevices);
    },
  }),
  page({
    method: 'POST',
    path: `${PATH}/end-all`,
    guard: 'session',
    async handle({ env, session, client }) {
      await endTrusted(env, session, undefined, client);
      return seeOther(PATHS.trustedDevices);
    },
  }),
];
