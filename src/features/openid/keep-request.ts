import type { Client } from '#core/sessions/client.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { newToken, tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { networkCounter } from '#flows/sign-in/attempt-counters.ts';
import type { Queries } from '#store/engine/database.ts';
import { reserveTries } from '#store/limits/attempts.ts';
import { deleteRecord } from '#store/oidc/records.ts';
import { createRequest } from '#store/oidc/requests.ts';
import { REQUEST_SECONDS } from './provider.ts';
import type { Params, Work } from './work.ts';

/** More than any library sends. It caps the row that a stranger's request can create. */
const PARAMS_LENGTH_MOST = 8 * 1024;

/** Stores a request for this browser until its person is known; answers its id. A limit caps strangers' requests. */
export async function keepRequest(
  { env, session, destroys }: Work,
  request: { readonly params: Params; readonly browser: string; readonly client: Client },
): Promise<string | Refusal> {
  const params = JSON.stringify(request.params);
  if (params.length > PARAMS_LENGTH_MOST) return refuse('invalid_request');
  const id = newToken(env.random);
  const now = env.now();
  const row = { id_hash: tokenHash(id), browser: request.browser, client_id: request.params.client_id ?? '', params };
  return env.db.transaction(async (tx) => {
    const counted = session === undefined ? await countStranger(env, tx, request.client) : undefined;
    if (counted && isRefusal(counted)) return counted;
    // A pushed request is valid for one authorization.
    for (const pushed of destroys) if (!(await deleteRecord(tx, tokenHash(pushed.id)))) return refuse('not_found');
    await createRequest(tx, { ...row, created_at: now, expires_at: now + REQUEST_SECONDS });
    return id;
  });
}

/** Counts a row that a person who is not signed in creates: an authorization request, or a pushed one. */
export function countStranger(env: Env, tx: Queries, client: Client) {
  return reserveTries(tx, [networkCounter(env, 'address-openid-request', client)], env.now());
}
