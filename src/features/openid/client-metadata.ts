import { newToken, tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import type { OidcClient } from '#store/oidc/clients.ts';
import type { Payload } from './work.ts';

/** Never leaves this process. The same while the service runs, so that the library can cache a client. */
const nobodysSecrets = new WeakMap<Env, string>();

function nobodysSecret(env: Env): string {
  const secret = nobodysSecrets.get(env) ?? newToken(env.random);
  nobodysSecrets.set(env, secret);
  return secret;
}

/**
 * A client in the shape of the protocol library. The library compares plain secrets, and we have a hash. A secret that
 * matches the hash is passed as the client's own. Any other is compared with a random secret that nobody knows.
 */
export function metadataOf(env: Env, client: OidcClient, shownSecret: string | undefined): Payload {
  const isRight = shownSecret !== undefined && tokenHash(shownSecret) === client.secretHash;
  return {
    client_id: client.id,
    client_name: client.name,
    application_type: 'web',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: [...client.redirectUris],
    id_token_signed_response_alg: client.idTokenAlg,
    ...authentication(client, isRight ? shownSecret : nobodysSecret(env)),
  };
}

function authentication({ type, jwks }: OidcClient, secret: string): Payload {
  if (type === 'browser') return { token_endpoint_auth_method: 'none' };
  if (jwks !== undefined) return { token_endpoint_auth_method: 'private_key_jwt', jwks };
  return { token_endpoint_auth_method: 'client_secret_basic', client_secret: secret };
}
