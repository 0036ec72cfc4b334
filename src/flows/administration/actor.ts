import { addressBucket } from '#core/sessions/client.ts';
import type { Asker } from '#crypto/hash-queue.ts';
import type { EventClient } from '#flows/runtime/append-event.ts';
import type { Authority } from '#store/sessions/granted.ts';

/**
 * Who acts: `command_line` or `system` where no request is behind it, else the id that the audit log names, where the
 * request came from, and by what right it acts.
 */
export type Actor = string | { readonly id: string; readonly client: EventClient; readonly authority: Authority };

export function actorId(actor: Actor): string {
  return typeof actor === 'string' ? actor : actor.id;
}

/** Who runs the command line: they hold the database, and are trusted with all that it holds. */
export function isOperator(actor: Actor): boolean {
  return actorId(actor) === 'command_line';
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
