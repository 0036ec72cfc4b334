import assert from 'node:assert/strict';
import { isRefusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { addClient, type DescribedClient } from '#flows/administration/openid-clients.ts';
import { createGrant } from '#store/oidc/grants.ts';
import type { World } from '../../world.ts';

/** A portal with a server, as most are. */
export const PORTAL: DescribedClient = {
  name: 'Partner Portal',
  type: 'web',
  redirectUris: ['https://portal.example/callback'],
  postLogoutRedirectUris: [],
  backchannelLogoutUri: undefined,
  isBackchannelInternal: false,
  isThirdParty: false,
  jwks: undefined,
  idTokenAlg: 'ES256',
  partners: [],
};

/** RFC 8037 appendix A.2. */
export const PUBLIC_KEY = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };

/** A client added as the command line adds it. */
export async function makeClient(env: Env, described: Partial<DescribedClient> = {}) {
  const made = await addClient(env, 'command_line', { ...PORTAL, ...described });
  assert.ok(!isRefusal(made), JSON.stringify(made));
  return made;
}

/** A client's authorization in progress, without its results. */
export async function grant(world: World, clientId: string, id: string): Promise<void> {
  const { id: userId } = await world.addUser({ email: `${id}@portal.example`, role: 'csm' });
  const { at } = world.clock;
  const row = {
    ...{ id, sid: id, session_id: null, user_id: userId, client_id: clientId, payload: '{}' },
    ...{ amr: 'pwd', trusted_device_id: null, auth_time: at, offline: 1, created_at: at, expires_at: at + 60 },
  };
  await world.env.db.transaction((tx) => createGrant(tx, row));
}
