import { newToken, tokenHash } from '#core/values/token.ts';
import { createRequest } from '#store/oidc/requests.ts';
import type { World } from '../../world.ts';
import { makeClient } from './client-story.ts';

/** A portal's request that waits in the browser with this form cookie and user agent. Answers its path. */
export async function waitingRequest({ env, clock }: World, formCookie: string, userAgent = ''): Promise<string> {
  const { client } = await makeClient(env, { isThirdParty: true });
  const id = newToken(env.random);
  const row = { id_hash: tokenHash(id), browser: tokenHash(`${formCookie}\n${userAgent}`), client_id: client.id };
  const life = { created_at: clock.at, expires_at: clock.at + 600 };
  const params = JSON.stringify({ scope: 'openid profile email partner offline_access' });
  await env.db.transaction((tx) => createRequest(tx, { ...row, ...life, params }));
  return `/oidc/continue/${id}`;
}
