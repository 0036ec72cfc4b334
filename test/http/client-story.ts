import assert from 'node:assert/strict';
import { isRefusal } from '#core/result.ts';
import type { Env } from '#env.ts';
import { addClient, type DescribedClient } from '#flows/openid-clients.ts';

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
