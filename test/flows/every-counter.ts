import assert from 'node:assert/strict';
import {
  type AttemptCounter,
  attemptCounter,
  type CounterKind,
  type CounterOwners,
  isSplit,
  KINDS,
  splitAttemptCounter,
} from '#core/limits/counter-kinds.ts';
import { isRefusal } from '#core/values/result.ts';
import { reserveTries } from '#store/limits/attempts.ts';
import type { World } from '../world.ts';

export type KindOfCounter = (typeof KINDS)[CounterKind];
export type EveryCounter = readonly (AttemptCounter & { readonly kind: KindOfCounter })[];

/**
 * Everything that counters of a person can belong to, read from the tables. None of the lists is empty, so that no kind
 * of counter is left out.
 */
export async function ownersIn(world: World, userId: string, emails: readonly string[]): Promise<CounterOwners> {
  const idsIn = async (table: 'authenticators' | 'devices' | 'links') =>
    (await world.env.db.read.selectFrom(table).select('id').where('user_id', '=', userId).execute()).map(
      ({ id }) => id,
    );
  const owners = {
    person: [userId],
    authenticator: await idsIn('authenticators'),
    device: await idsIn('devices'),
    email: emails.map((email) => world.env.keys.mac('email', email)),
    link: await idsIn('links'),
  };
  for (const [owner, ids] of Object.entries(owners)) assert.ok(ids.length > 0, owner);
  return owners;
}

/**
 * Every kind of counter except those of a network, made as the product makes them. A new kind is included
 * automatically.
 */
export function everyCounter(owners: CounterOwners): EveryCounter {
  // The cast: `Object.keys` does not know that a literal has no other keys.
  return (Object.keys(KINDS) as CounterKind[]).flatMap((name) => {
    const kind = KINDS[name];
    if (kind.owner === 'network') return [];
    const counters = owners[kind.owner].flatMap((id) =>
      isSplit(name)
        ? [undefined, ...owners.device].map((part) => splitAttemptCounter(name, id, part))
        : [attemptCounter(name, id)],
    );
    return counters.map((counter) => ({ ...counter, kind }));
  });
}

/** Counts one try in each of these counters, which are then the only ones. */
export async function countOnlyIn({ env }: World, counters: EveryCounter): Promise<void> {
  await env.db.transaction(async (tx) => {
    await tx.deleteFrom('attempts').execute();
    for (const counter of counters) assert.ok(!isRefusal(await reserveTries(tx, [counter], env.now())), counter.key);
  });
}

/** Counts tries in each of these counters until it refuses one. */
export async function useUp({ env }: World, counters: readonly AttemptCounter[]): Promise<void> {
  await env.db.transaction(async (tx) => {
    for (const counter of counters) while (!isRefusal(await reserveTries(tx, [counter], env.now())));
  });
}

/** The keys of all stored counters, in order. */
export async function countedKeys({ env }: World): Promise<readonly string[]> {
  const rows = await env.db.read.selectFrom('attempts').select('key').execute();
  return rows.map(({ key }) => key).toSorted();
}

/** The keys of these counters, in the same order. */
export function keysIn(counters: EveryCounter): readonly string[] {
  return counters.map(({ key }) => key).toSorted();
}
