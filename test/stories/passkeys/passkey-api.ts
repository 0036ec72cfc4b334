import assert from 'node:assert/strict';
import type { CreationOptions, RequestOptions } from '#core/authenticators/passkeys/webauthn.ts';
import type { AuthenticationOverrides, RegistrationOverrides } from '../../authenticator/ceremony.ts';
import type { Authenticator } from '../../authenticator/create.ts';
import type { ApiAnswer, World } from '../../world.ts';

export const SIGN_IN = '/api/v1/sign-in/passkey';
export const STEP_UP = '/api/v1/step-up/passkey';
export const AUTHENTICATORS = '/api/v1/authenticators';

/** What an API call answers that makes a challenge for the use of a passkey. */
export async function requestOptionsOf(world: World, path: string, token?: string): Promise<RequestOptions> {
  const { status, body } = await world.api('POST', `${path}/options`, undefined, token);
  assert.equal(status, 200, JSON.stringify(body));
  return body as unknown as RequestOptions;
}

/** Uses a passkey over the API: alone without a token, after the password with a pending one. */
export async function usePasskey(
  world: World,
  device: Authenticator,
  {
    path = SIGN_IN,
    token,
    overrides = {},
  }: { path?: string; token?: string; overrides?: AuthenticationOverrides } = {},
): Promise<ApiAnswer> {
  const options = await requestOptionsOf(world, path, token);
  return world.api('POST', path, device.authenticate(options, overrides), token);
}

/** The token of the session that a passkey alone opens. */
export async function tokenByPasskey(world: World, device: Authenticator): Promise<string> {
  return tokenIn(await usePasskey(world, device));
}

export function tokenIn({ status, body }: ApiAnswer): string {
  assert.equal(status, 200, JSON.stringify(body));
  return String(Object(body.session).token);
}

/** Adds a passkey over the API. */
export async function addOverApi(
  world: World,
  token: string,
  { device, name, overrides = {} }: { device: Authenticator; name?: string; overrides?: RegistrationOverrides },
): Promise<ApiAnswer> {
  const started = await world.api('POST', AUTHENTICATORS, { kind: 'passkey', ...(name && { name }) }, token);
  assert.equal(started.status, 200, JSON.stringify(started.body));
  const options = started.body.options as CreationOptions;
  const path = `${AUTHENTICATORS}/${started.body.id}/confirm`;
  return world.api('POST', path, device.register(options, overrides), token);
}
