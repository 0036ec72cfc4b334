import { type Allowance, takeRequest } from '#core/limits/request-rate.ts';
import { isApiKeyShaped, isLiveApiKey, SCOPES } from '#core/portals/api-key.ts';
import { LAST_SEEN_EVERY_SECONDS } from '#core/sessions/session.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import { tokenHash } from '#core/values/token.ts';
import type { Env } from '#env.ts';
import { bearerToken } from '#http/guard.ts';
import type { ApiKeyGuard, Guard } from '#http/route.ts';
import { type ApiKey, findApiKeyByHash, touchApiKey } from '#store/programs/api-keys.ts';
import type { GrantedApiKey } from '#store/sessions/granted.ts';

/**
 * The remaining requests of each key, by its id. Each process counts separately, and only existing keys are counted.
 *
 * This limit is only for fairness, so that one import does not slow down others. It protects no secret.
 */
export type Allowances = Map<string, Allowance>;

export function isApiKeyGuard(guard: Guard): guard is ApiKeyGuard {
  return guard.startsWith('apiKey:');
}

/** The guard of the management API. The key must be live, within its rate limit, and have the scope. */
export async function checkApiKey(
  { env, allowances }: { readonly env: Env; readonly allowances: Allowances },
  guard: ApiKeyGuard,
  authorization: string | null,
): Promise<{ readonly apiKey: GrantedApiKey } | Refusal> {
  const typed = bearerToken(authorization);
  const apiKey = isApiKeyShaped(typed) ? await findApiKeyByHash(env.db.read, tokenHash(typed)) : undefined;
  const now = env.now();
  if (!apiKey || !isLiveApiKey(apiKey, now)) {
    if (apiKey) env.log.warn({ apiKeyId: apiKey.id }, 'an API key was used that is over');
    return refuse('api_key_invalid');
  }
  const { allowance, retryAfterSeconds } = takeRequest(allowances.get(apiKey.id), now);
  allowances.set(apiKey.id, allowance);
  if (retryAfterSeconds !== undefined) return refuse('too_many_attempts', { retryAfterSeconds });
  noteUse(env, apiKey);
  const grantedFor = SCOPES.find((scope) => guard === `apiKey:${scope}`);
  const isGood = grantedFor !== undefined && apiKey.scopes.includes(grantedFor);
  return isGood ? { apiKey: { ...apiKey, grantedFor } } : refuse('forbidden', { reason: 'scope' });
}

/** Runs beside the answer, at most once a minute, because only administrators look at this time. */
function noteUse({ db, now, log }: Env, { id, lastUsedAt }: ApiKey): void {
  const at = now();
  const before = at - LAST_SEEN_EVERY_SECONDS;
  if (lastUsedAt !== undefined && lastUsedAt > before) return;
  db.transaction((tx) => touchApiKey(tx, id, { now: at, before })).catch((error: unknown) =>
    log.warn({ err: error }, 'last use of an API key was not noted'),
  );
}
