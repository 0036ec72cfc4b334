import { addressBucket } from '#core/client.ts';
import type { Asker } from '#crypto/hash-queue.ts';
import type { EventClient } from './append-event.ts';

/** Who acts: an id alone where there is no request behind it (`command_line`, `system`), else with where it came from. */
export type Actor = string | { readonly id: string; readonly client: EventClient };

export function actorId(actor: Actor): string {
  return typeof actor === 'string' ? actor : actor.id;
}

export function actorClient(actor: Actor): EventClient {
  return typeof actor === 'string' ? undefined : actor.client;
}

/** Whose share of the hash queue it takes. The command line is a process with a queue of its own. */
export function actorAt(actor: Actor): Asker {
  const address = actorClient(actor)?.address;
  if (typeof actor === 'string') return {};
  return { address: address && addressBucket(address), share: `person:${actor.id}` };
}
