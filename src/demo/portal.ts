import { serve } from '@hono/node-server';
import { isRefusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { addClient } from '#flows/administration/openid-clients.ts';

export type Portal = { readonly url: string; close(): void };

/** The client's credentials for the example. */
export type PortalClient = { readonly clientId: string; readonly clientSecret: string };

/** Adds the example at `url` to the clients of the demo. */
export async function addPortal(env: Env, url: string): Promise<PortalClient> {
  const added = await addClient(env, 'system', {
    name: 'Partner Interface',
    type: 'web',
    redirectUris: [`${url}/callback`],
    postLogoutRedirectUris: [`${url}/signed-out`],
    backchannelLogoutUri: `${url}/back-channel-logout`,
    isBackchannelInternal: true,
    isThirdParty: false,
    partners: [],
    jwks: undefined,
    idTokenAlg: 'ES256',
  });
  if (isRefusal(added)) throw new Error(`the portal of the demo was refused: ${added.reason ?? added.refused}`);
  return { clientId: added.client.id, clientSecret: added.secret ?? '' };
}

/** Starts `examples/partner-interface` in this process. */
export async function startPortal(client: PortalClient, addresses: { url: string; issuer: string }): Promise<Portal> {
  // Loaded here, because only the demo needs the packages of a portal.
  const { createPortal } = await import('../../examples/partner-interface/portal.ts');
  const { fetch } = createPortal({ ...addresses, ...client });
  const server = serve({ fetch, hostname: '127.0.0.1', port: Number(new URL(addresses.url).port) });
  return {
    url: addresses.url,
    close() {
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
    },
  };
}
