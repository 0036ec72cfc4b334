import type { Client } from '#core/client.ts';
import type { Actor } from '#flows/actor.ts';
import { keyActor } from '#flows/api-keys.ts';
import type { NamedAct } from '#flows/once.ts';
import type { ApiKey } from '#store/api-keys.ts';

type Asked = { readonly apiKey: ApiKey; readonly client: Client };

/** The key that acts, and from where: the audit log names both. */
export function actorOf({ apiKey, client }: Asked): Actor {
  return { id: keyActor(apiKey), client };
}

/** The act as its caller names it; absent where they gave no name, and it is done as often as it is asked for. */
export function namedAct(
  { apiKey, idempotencyKey }: Pick<Asked, 'apiKey'> & { readonly idempotencyKey: string | undefined },
  what: string,
  input: unknown,
): NamedAct | undefined {
  if (idempotencyKey === undefined) return undefined;
  // The input is what the schema made of it: the order of its fields is ours.
  return { apiKeyId: apiKey.id, name: idempotencyKey, request: `${what} ${JSON.stringify(input)}` };
}
