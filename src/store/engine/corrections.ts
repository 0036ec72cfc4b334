import { type RawBuilder, sql } from 'kysely';
import { latestPossible } from '#core/time/clock.ts';
import { bringStepsBack } from '#store/authenticators/steps-back.ts';
import type { Queries } from './database.ts';
import { INSTANTS } from './instants.ts';

/** One correction. It runs in its own transaction and returns the number of changed rows. */
export type Correction = (tx: Queries, now: number) => Promise<number>;

/** Corrections that run as soon as the clock is right. If it is still wrong, they harm nobody. */
export const AT_ONCE: readonly Correction[] = [
  ...columns('due').map((column) => change(column, (now) => sql`${now}`)),
  bringStepsBack,
];

/** Corrections that wait until the clock has been stable for some time, because they shorten lifetimes. */
export const LATER: readonly Correction[] = [
  ...columns('moves')
    .filter(({ column }) => column === 'created_at')
    .map(({ table }) => moveToNow(table)),
  ...columns('past').map((column) => change(column, (now) => sql`${now}`)),
  ...columns('ended').map((column) => change(column, () => sql`null`)),
  ...columns('within').map((column) => change(column, (now) => sql`${now + column.seconds}`)),
  bringTriesBack,
];

type Column = { readonly table: string; readonly column: string; readonly seconds: number };

function columns(kind: 'due' | 'moves' | 'past' | 'ended' | 'within'): readonly Column[] {
  return Object.entries(INSTANTS).flatMap(([table, all]) =>
    Object.entries(all).flatMap(([column, instant]) => {
      if (typeof instant === 'string') return instant === kind ? [{ table, column, seconds: 0 }] : [];
      return kind === 'within' ? [{ table, column, seconds: instant.within }] : [];
    }),
  );
}

function change({ table, column, seconds }: Column, to: (now: number) => RawBuilder<unknown>): Correction {
  const name = sql.ref(column);
  return (tx, now) =>
    changed(
      tx,
      sql`update ${sql.table(table)} set ${name} = ${to(now)} where ${name} > ${latestPossible(now + seconds)}`,
    );
}

/** Moves a row that was created in the future to now. Its expiry moves too, so its lifetime does not change. */
function moveToNow(table: string): Correction {
  return (tx, now) =>
    changed(
      tx,
      sql`update ${sql.table(table)} set expires_at = expires_at - (created_at - ${now}), created_at = ${now}
        where created_at > ${latestPossible(now)}`,
    );
}

/** Stores how far the clock was ahead. `broughtBack` subtracts it each time the state is read. */
async function bringTriesBack(tx: Queries, now: number): Promise<number> {
  return changed(
    tx,
    sql`update attempts set ahead_seconds = ahead_seconds + (written_at - ${now}),
      expires_at = expires_at - (written_at - ${now}), written_at = ${now}
      where written_at > ${latestPossible(now)}`,
  );
}

async function changed(tx: Queries, statement: RawBuilder<unknown>): Promise<number> {
  return Number((await statement.execute(tx)).numAffectedRows ?? 0n);
}
