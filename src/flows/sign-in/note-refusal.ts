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

/** Refusals of one key and kind in this time make at most two events: the first, and the number of the others. */
export const REFUSAL_WINDOW_SECONDS = 10 * 60;

/** A refusal for the log, and its counting key. Without a key a try was counted, so it is always an event. */
export type NotedRefusal = { readonly event: AuditEvent; readonly client: Client; readonly key: string | undefined };

/** The key of a refusal: the counter that is full, or the network that got "busy". */
export function refusalKey(env: Env, { limitedBy, refused }: Refusal, client: Client): string | undefined {
  return limitedBy ?? (refused === 'temporarily_unavailable' ? `address-busy:${networkHash(env, client)}` : undefined);
}

/**
 * Records a refusal.
 *
 * A client can cause refusals of a limit a thousand times a second. So the first in a window is logged at once, and the
 * others are only counted in memory. `features/operate/refusals.ts` writes the count to the database each second, and
 * to the log when the window is over. A crash loses the count of its last second.
 */
export async function noteRefusal(env: Env, { event, client, key }: NotedRefusal): Promise<void> {
  if (key === undefined) return env.db.transaction((tx) => appendEvent(env, tx, event, client));
  const kind = `${event.action}|${'reason' in event.detail ? event.detail.reason : ''}`;
  const own = `${kind}|${key}`;
  // Used by a network that has begun as many windows as it may.
  const shared = `${kind}|address:${networkHash(env, client)}`;
  const open = (await findOpen(env, own)) ?? (await findOpen(env, shared));
  const window = open ?? (await begin(env, [own, shared], event, client));
  if (window === undefined) return;
  const count = env.refusals.get(window.key) ?? { event: repeatedEvent(event, window.key), repeated: 0, ...window };
  env.refusals.set(window.key, {
    event: count.event,
    repeated: count.repeated + 1,
    since: window.since,
    endsAt: window.endsAt,
    client: { requestId: client.requestId, address: client.address, userAgent: client.userAgent },
  });
  tellOfRefusal(event);
}

type Window = { readonly key: string; readonly since: number; readonly endsAt: number };

/** If a window ends later than a new one would, a clock that ran ahead began it, so it counts as over. */
export function openEnds(now: number): OpenEnds {
  return { after: now, until: now + REFUSAL_WINDOW_SECONDS };
}

async function findOpen(env: Env, key: string): Promise<Window | undefined> {
  const window = env.refusals.get(key) ?? (await findRefusalWindow(env.db.read, key));
  const { after, until } = openEnds(env.now());
  if (window === undefined || window.endsAt <= after || window.endsAt > until) return undefined;
  return { key, since: window.since, endsAt: window.endsAt };
}

/** Begins a window with its event; returns the window instead if another request has just begun it. */
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

/** False if the window of this key is already open. A window that is over is closed here first. */
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

/** The event for the refusals of a key, as JSON. A network's refusals concern many people, so it names none of them. */
function repeatedEvent(event: AuditEvent, key: string): string {
  const isOfMany = key.split('|')[2]?.startsWith('address') ?? false;
  return JSON.stringify(isOfMany ? { action: event.action, detail: { ...event.detail, emailHash: undefined } } : event);
}

/** Writes the number of refusals of a key into the log, once its window is over. */
export async function closeRefusals(env: Env, tx: Queries, key: string, ends: OpenEnds): Promise<void> {
  const over = await takeOverRefusals(tx, key, ends);
  if (over === undefined || over.repeated === 0) return;
  // This service wrote both texts.
  const event = JSON.parse(over.event) as AuditEvent;
  const client = JSON.parse(over.client ?? 'null') as RefusalClient | null;
  const detail = { ...event.detail, repeated: over.repeated, since: over.since };
  await appendEvent(env, tx, { ...event, detail } as AuditEvent, client ?? undefined);
}
