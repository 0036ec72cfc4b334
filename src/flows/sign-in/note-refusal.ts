import type { AuditEvent } from '#core/audit/actions.ts';
import type { RefusalClient } from '#core/limits/refusal-counts.ts';
import type { Client } from '#core/sessions/client.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { appendEvent, tellOfRefusal } from '#flows/runtime/append-event.ts';
import type { Queries } from '#store/engine/database.ts';
import { reserveTries } from '#store/limits/attempts.ts';
import {
  beginRefusalCount,
  findRefusalWindow,
  forgetRefusals,
  type OpenEnds,
  takeOverRefusals,
} from '#store/limits/refusal-counts.ts';
import { networkCounter, networkHash } from './attempt-counters.ts';

/** Refusals of one key and kind within so long are two events at most: the first, and one that says how many followed. */
export const REFUSAL_WINDOW_SECONDS = 10 * 60;

/** A refusal as the log has it, and what it is counted under; without a key a try was counted, which is an event each. */
export type NotedRefusal = { readonly event: AuditEvent; readonly client: Client; readonly key: string | undefined };

/** What a refusal is counted under: the counter that had no room, or the network that met a busy service. */
export function refusalKey(env: Env, { limitedBy, refused }: Refusal, client: Client): string | undefined {
  return limitedBy ?? (refused === 'temporarily_unavailable' ? `address-busy:${networkHash(env, client)}` : undefined);
}

/**
 * Writes a refusal down.
 *
 * What a limit decides can be repeated a thousand times a second: the first within a window becomes an event at once,
 * the others a number in memory. `features/operate/refusals.ts` brings it into the database each second, and into the
 * log when the window is over. A crash loses the numbers of its last second.
 */
export async function noteRefusal(env: Env, { event, client, key }: NotedRefusal): Promise<void> {
  if (key === undefined) return env.db.transaction((tx) => appendEvent(env, tx, event, client));
  const kind = `${event.action}|${'reason' in event.detail ? event.detail.reason : ''}`;
  const own = `${kind}|${key}`;
  // For a network that has begun as many windows as it may.
  const shared = `${kind}|address:${networkHash(env, client)}`;
  const open = (await findOpen(env, own)) ?? (await findOpen(env, shared));
  const window = open ?? (await begin(env, [own, shared], event, client));
  if (window === undefined) return;
  const count = env.refusals.get(window.key) ?? { event: repeatedEvent(event, window.key), repeated: 0, ...window };
  env.refusals.set(window.key, {
    ...{ event: count.event, repeated: count.repeated + 1, since: window.since, endsAt: window.endsAt },
    client: { requestId: client.requestId, address: client.address, userAgent: client.userAgent },
  });
  tellOfRefusal(event);
}

type Window = { readonly key: string; readonly since: number; readonly endsAt: number };

/** A window that ends later than one that begins now was begun by a clock that was ahead: it is over. */
export function openEnds(now: number): OpenEnds {
  return { after: now, until: now + REFUSAL_WINDOW_SECONDS };
}

async function findOpen(env: Env, key: string): Promise<Window | undefined> {
  const window = env.refusals.get(key) ?? (await findRefusalWindow(env.db.read, key));
  const { after, until } = openEnds(env.now());
  if (window === undefined || window.endsAt <= after || window.endsAt > until) return undefined;
  return { key, since: window.since, endsAt: window.endsAt };
}

/** Begins a window with its event; answers the one that another request has begun at this moment. */
function begin(
  env: Env,
  [own, shared]: readonly [own: string, shared: string],
  event: AuditEvent,
  client: Client,
): Promise<Window | undefined> {
  return env.db.transaction(async (tx) => {
    if (!(await occupy(env, tx, own, event))) return findWindow(tx, own);
    if (isRefusal(await reserveTries(tx, [networkCounter(env, 'address-refusals', client)], env.now()))) {
      await forgetRefusals(tx, own);
      if (!(await occupy(env, tx, shared, event))) return findWindow(tx, shared);
    }
    await appendEvent(env, tx, event, client);
    return undefined;
  });
}

/** False where the window of this key is open already. One that is over ends here, if nobody has ended it yet. */
async function occupy(env: Env, tx: Queries, key: string, event: AuditEvent): Promise<boolean> {
  const now = env.now();
  await closeRefusals(env, tx, key, openEnds(now));
  const row = { key, event: repeatedEvent(event, key), client: null, repeated: 0, since: now };
  return beginRefusalCount(tx, { ...row, endsAt: now + REFUSAL_WINDOW_SECONDS });
}

async function findWindow(queries: Queries, key: string): Promise<Window | undefined> {
  const window = await findRefusalWindow(queries, key);
  return window && { key, ...window };
}

/** The event of what is counted under a key, as JSON. A network refuses many people: none of them is named. */
function repeatedEvent(event: AuditEvent, key: string): string {
  const isOfMany = key.split('|')[2]?.startsWith('address') ?? false;
  return JSON.stringify(isOfMany ? { action: event.action, detail: { ...event.detail, emailHash: undefined } } : event);
}

/** Writes how many refusals there were under a key into the log, where its window is over. */
export async function closeRefusals(env: Env, tx: Queries, key: string, ends: OpenEnds): Promise<void> {
  const over = await takeOverRefusals(tx, key, ends);
  if (over === undefined || over.repeated === 0) return;
  // Both texts are what this service wrote.
  const event = JSON.parse(over.event) as AuditEvent;
  const client = JSON.parse(over.client ?? 'null') as RefusalClient | null;
  const detail = { ...event.detail, repeated: over.repeated, since: over.since };
  await appendEvent(env, tx, { ...event, detail } as AuditEvent, client ?? undefined);
}
