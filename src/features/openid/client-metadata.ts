import { newToken, tokenHash } from '#core/token.ts';
import { randomBytes } from '#crypto/random.ts';
import type { OidcClient } from '#store/oidc/clients.ts';
import type { Payload } from './work.ts';

/** Of this process, and told to nobody; always the same, so that the library keeps what it made of a client. */
const NOBODYS_SECRET = newToken(randomBytes);

/**
 * A client as the protocol library knows one.
 *
 * The library compares secrets in the clear, and we have a hash: a secret that fits the hash is given to it as the
 * client's own, any other is compared with a secret that nobody was ever told.
 */
export function metadataOf(client: OidcClient, shownSecret: string | undefined): Payload {
  const isRight = shownSecret !== undefined && tokenHash(shownSecret) === client.secretHash;
  return {
    client_id: client.id,
    client_name: client.name,
    application_type: 'web',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: [...client.redirectUris],
    id_token_signed_response_alg: client.idTokenAlg,
    ...authentication(client, isRight ? shownSecret : NOBODYS_SECRET),
  };
}

function authentication({ type, jwks }: OidcClient, secret: string): Payload {
  if (type === 'browser') return { token_endpoint_auth_method: 'none' };
  if (jwks !== undefined) return { token_endpoint_auth_method: 'private_key_jwt', jwks };
  return { token_endpoint_auth_method: 'client_secret_basic', client_secret: secret };
}
