import { eventDigest, manifestDigest, readManifest } from '#core/audit/chain.ts';
import type { Env } from '#env.ts';
import { type LoggedEvent, listAuditBatches, listSealedEventsOf } from '#store/audit/log.ts';
import { isGenuine } from './seals.ts';

/** What one erasure explains: missing clients of events before `before`, in batches up to its own. */
export type Erasure = { readonly before: number; readonly lastBatch: number };

/**
 * The valid erasures: unchanged, in a genuine batch, and proven to be written by the service. An erasure in a batch of
 * a version without proofs counts too, because only the holder of the keys can still make such a batch.
 */
export async function listErasures(env: Pick<Env, 'db' | 'keys'>): Promise<readonly Erasure[]> {
  const erasures: Erasure[] = [];
  for (const event of await listSealedEventsOf(env.db.read, 'audit.erased')) {
    const { batch: lastBatch } = event;
    if (lastBatch === undefined || !(await isWitnessed(env, event, lastBatch))) continue;
    // No erasure covers events after its own time, whatever it claims.
    erasures.push({ before: Math.min(beforeIn(event.detail), event.at), lastBatch });
  }
  return erasures;
}

async function isWitnessed(env: Pick<Env, 'db' | 'keys'>, event: LoggedEvent, number: number): Promise<boolean> {
  const [one, two] = await listAuditBatches(env.db.read, number > 1 ? number - 2 : undefined, 2);
  const [previous, batch] = number > 1 ? [one, two] : [undefined, one];
  if (batch?.number !== number || batch.checkpoint || !isGenuine(env, previous, batch)) return false;
  if (batch.eventsDigest !== manifestDigest(batch.manifest)) return false;
  const { checksProofs, entries } = readManifest(batch.manifest);
  const entry = entries.get(event.id);
  return entry?.digest === eventDigest(event) && (entry.isProven || !checksProofs);
}

function beforeIn(detail: string): number {
  return Number(/"before":(\d+)/.exec(detail)?.[1] ?? 0);
}

/** Whether an erasure explains that an event of this batch has no client. */
export function isErased(erasures: readonly Erasure[], event: LoggedEvent, batch: number): boolean {
  return erasures.some(({ before, lastBatch }) => event.at < before && batch <= lastBatch);
}
