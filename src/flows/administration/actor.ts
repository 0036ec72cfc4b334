import { addressBucket } from '#core/sessions/client.ts';
import type { Asker } from '#crypto/hash-queue.ts';
import type { EventClient } from '#flows/runtime/append-event.ts';
import type { Authority } from '#store/sessions/granted.ts';

/**
 * Who acts: `command_line` or `system` if there is no request; otherwise the id for the audit log, where the request
 * came from, and by what right it acts.
 */
export type Actor = string | { readonly id: string; readonly client: EventClient; readonly authority: Authority };

export function actorId(actor: Actor): string {
  return typeof actor === 'string' ? actor : actor.id;
}

/** The operator runs the command line. They have access to the whole database, so they are trusted with all of it. */
export function isOperator(actor: Actor): boolean {
  return actorId(actor) === 'command_line';
}

export function actorClient(actor: Actor): EventClient {
  return typeof actor === 'string' ? undefined : actor.client;
}

/** The actor's share of the hash queue. The command line is a process with its own queue. */
export function actorAt(actor: Actor): Asker {
  const address = actorClient(actor)?.address;
  if (typeof actor === 'string') return {};
  return { address: address && addressBucket(address), share: `person:${actor.id}` };
}

/** The actor in the form of the audit log. */
export function whoActs(actor: Actor): { readonly actor: string; readonly client: EventClient } {
  return { actor: actorId(actor), client: actorClient(actor) };
}
