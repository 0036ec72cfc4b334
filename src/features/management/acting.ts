import type { Client } from '#core/sessions/client.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import type { IdempotencyKey } from '#core/values/idempotency.ts';
import type { Actor } from '#flows/administration/actor.ts';
import { keyActor } from '#flows/administration/api-keys.ts';
import type { GrantedApiKey } from '#store/sessions/granted.ts';

/** A client retries within minutes after a lost answer, a stuck queue within hours. */
const KEY_SECONDS = DAY_SECONDS;

type Asked = { readonly apiKey: GrantedApiKey; readonly client: Client };

/** The API key that acts, its client and its authority. The audit log names the first two. */
export function actorOf({ apiKey, client }: Asked): Actor {
  return { id: keyActor(apiKey), client, authority: { kind: 'apiKey', apiKey } };
}

/** The idempotency key of a request. Without one, each request acts. */
export function idempotencyKeyOf(
  { apiKey, idempotencyKey }: Pick<Asked, 'apiKey'> & { readonly idempotencyKey: string | undefined },
  what: string,
  input: unknown,
): IdempotencyKey | undefined {
  if (idempotencyKey === undefined) return undefined;
  // The schema built the input, so the order of its fields is always the same.
  const request = `${what} ${JSON.stringify(input)}`;
  return { callerId: apiKey.id, value: idempotencyKey, request, storedSeconds: KEY_SECONDS };
}
