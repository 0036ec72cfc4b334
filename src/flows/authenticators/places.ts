import { type AuthenticatorKind, freeSlot, MAX_AUTHENTICATORS } from '#core/authenticators/factors.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import { type AuthenticatorApp, factorsOf } from '#store/authenticators/authenticators.ts';
import type { Queries } from '#store/engine/database.ts';

/** Where a new authenticator goes among those of its person. The transaction that asks has locked the person. */
export type Place = {
  readonly slot: number;
  /** Absent: the authenticator starts a budget of tries of its own. */
  readonly budgetId?: string | undefined;
  /** Absent: the name that was given when the set-up began. */
  readonly name?: string | undefined;
};

/** For a person without an authenticator. */
export async function firstPlace(tx: Queries, userId: string): Promise<Place | Refusal> {
  return (await factorsOf(tx, userId)) ? refuse('forbidden', { reason: 'already_enrolled' }) : { slot: 1 };
}

/** The place of the only app, for its replacement. `old` must not have been replaced or joined by another app since. */
export async function placeOf(tx: Queries, old: AuthenticatorApp): Promise<Place | Refusal> {
  const factors = await factorsOf(tx, old.userId);
  const isOnly = factors?.apps.length === 1 && factors.apps[0]?.id === old.id;
  if (!isOnly) return refuse('forbidden', { reason: 'replaced_elsewhere' });
  const name = old.name === undefined ? {} : { name: old.name };
  // Passkeys beside it go on counting in the budget that they share.
  return factors.passkeys.length === 0
    ? { slot: old.slot, ...name }
    : { slot: old.slot, budgetId: factors.budgetId, ...name };
}

/** Beside the authenticators that the person has. They all share one budget of tries. */
export async function furtherPlace(tx: Queries, userId: string, kind: AuthenticatorKind): Promise<Place | Refusal> {
  const factors = await factorsOf(tx, userId);
  if (!factors) return refuse('forbidden', { reason: 'not_enrolled' });
  const slot = freeSlot(factors, kind);
  if (slot !== undefined) return { slot, budgetId: factors.budgetId };
  return refuse('forbidden', { reason: mostReason(factors, kind) });
}

/** Which of the two limits is full. */
export function mostReason({ all }: { readonly all: readonly unknown[] }, kind: AuthenticatorKind) {
  return kind === 'totp' && all.length < MAX_AUTHENTICATORS ? 'most_apps' : 'most_authenticators';
}
