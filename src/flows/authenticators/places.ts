import { freeSlot } from '#core/authenticators/factors.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import { type Authenticator, factorsOf } from '#store/authenticators/authenticators.ts';
import type { Queries } from '#store/engine/database.ts';

/** Where a new app goes among those of its person. The transaction that asks has locked the person. */
export type Place = {
  readonly slot: number;
  /** Absent: the app starts a budget of tries of its own. */
  readonly budgetId?: string | undefined;
  /** Absent: the name that was given when the set-up began. */
  readonly name?: string | undefined;
};

/** For a person without an authenticator. */
export async function firstPlace(tx: Queries, userId: string): Promise<Place | Refusal> {
  return (await factorsOf(tx, userId)) ? refuse('forbidden', { reason: 'already_enrolled' }) : { slot: 1 };
}

/** The place of the only app, for its replacement. `old` must not have been replaced or joined by another app since. */
export async function placeOf(tx: Queries, old: Authenticator): Promise<Place | Refusal> {
  const apps = (await factorsOf(tx, old.userId))?.apps ?? [];
  const isOnly = apps.length === 1 && apps[0]?.id === old.id;
  return isOnly
    ? { slot: old.slot, ...(old.name !== undefined && { name: old.name }) }
    : refuse('forbidden', { reason: 'replaced_elsewhere' });
}

/** Beside the apps that the person has. They all share one budget of tries. */
export async function furtherPlace(tx: Queries, userId: string): Promise<Place | Refusal> {
  const factors = await factorsOf(tx, userId);
  if (!factors) return refuse('forbidden', { reason: 'not_enrolled' });
  const slot = freeSlot(factors);
  return slot === undefined ? refuse('forbidden', { reason: 'most_apps' }) : { slot, budgetId: factors.budgetId };
}
