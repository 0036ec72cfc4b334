import type { EventClient } from './append-event.ts';

/** Who acts: an id alone where there is no request behind it (`command_line`, `system`), else with where it came from. */
export type Actor = string | { readonly id: string; readonly client: EventClient };

export function actorId(actor: Actor): string {
  return typeof actor === 'string' ? actor : actor.id;
}

export function actorClient(actor: Actor): EventClient {
  return typeof actor === 'string' ? undefined : actor.client;
}
