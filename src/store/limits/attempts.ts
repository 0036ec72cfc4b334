import type { AttemptCounter, AttemptKey } from '#core/limits/counter-kinds.ts';
import { type Attempts, reserveTry } from '#core/limits/throttle.ts';
import { countedAt } from '#core/limits/try-window.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import { type Change, claim, findRow, findRows, insert, insertTwo, type Row, stateOf } from './attempt-rows.ts';

// A lost round means that another process counted or returned a try of the same key. No budget is larger than 180, so a
// refusal comes long before this limit.
const MAX_ROUNDS = 200;

/** A counted try with the row that it wrote. A try that is returned soon usually finds the row unchanged. */
export type CountedTry = AttemptCounter & { readonly row: Row };

/**
 * Counts one try for every key, or none. If a rule has no room, returns its refusal with the key of its counter.
 *
 * The caller reserves the try, commits, and only then compares what the person typed.
 *
 * @param tx a write transaction; a refusal changes nothing in it
 * @param tries each key once
 * @param known their rows as last seen; the first round uses them instead of a read
 */
export async function reserveTries(
  tx: Queries,
  tries: readonly AttemptCounter[],
  now: number,
  known?: readonly Row[],
): Promise<Refusal | readonly CountedTry[]> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const changes: Reservation[] = [];
    const rows = (round === 0 && known) || (await findRows(tx, tries));
    for (const { key, rule } of tries) {
      const row = rows.find((one) => one.key === key);
      const next = reserveTry(rule, row && stateOf(row), now);
      if (isRefusal(next)) return { ...next, limitedBy: key };
      changes.push({ key, rule, row, next });
    }
    const counted = await claimAll(tx, changes, now);
    if (counted) return counted;
  }
  throw new Error(`tries could not be counted: others were faster ${MAX_ROUNDS} times`);
}

/** The refusal that `reserveTries` would return now; counts nothing. */
export async function checkTries(
  queries: Queries,
  tries: readonly AttemptCounter[],
  now: number,
): Promise<Refusal | undefined> {
  const rows = await findRows(queries, tries);
  for (const { key, rule } of tries) {
    const row = rows.find((one) => one.key === key);
    const next = reserveTry(rule, row && stateOf(row), now);
    if (isRefusal(next)) return { ...next, limitedBy: key };
  }
  return undefined;
}

/**
 * Changes the tries of a key: returns one, unlocks, re-enables. Does nothing if the key has no counter or it has
 * expired.
 *
 * @param known the row as last seen; the first round uses it instead of a read
 */
export async function changeTries(
  tx: Queries,
  key: AttemptKey,
  change: (state: Attempts) => Attempts,
  now: number,
  known?: Row,
): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const row = (round === 0 && known) || (await findRow.first(tx, { key }));
    if (row === undefined || row.expires_at <= now) return;
    // Nothing is counted here, so the time of the last counted try does not change.
    const { written_at: writtenAt, ahead_seconds: aheadSeconds } = row;
    if (await claim(tx, { key, row, next: { ...change(stateOf(row)), writtenAt, aheadSeconds } })) return;
  }
  throw new Error(`tries could not be changed: others were faster ${MAX_ROUNDS} times`);
}

/** The counter of a key; `undefined` if there is none. */
export async function findTries(queries: Queries, key: AttemptKey): Promise<Attempts | undefined> {
  const row = await findRow.first(queries, { key });
  return row && stateOf(row);
}

/** Deletes these counters. */
export async function deleteTries(tx: Queries, keys: readonly AttemptKey[]): Promise<void> {
  if (keys.length > 0) await tx.deleteFrom('attempts').where('key', 'in', keys).execute();
}

/**
 * Deletes every counter whose key begins with this prefix, for every device.
 *
 * @param prefix only letters, digits, `:` and `-`, so `like` needs no escaping
 */
export async function deleteTriesUnder(tx: Queries, prefix: AttemptKey): Promise<void> {
  await tx.deleteFrom('attempts').where('key', 'like', `${prefix}%`).execute();
}

/** The keys among these that have a counter. */
export async function listTriesAmong(queries: Queries, keys: readonly AttemptKey[]): Promise<ReadonlySet<string>> {
  if (keys.length === 0) return new Set();
  const rows = await queries.selectFrom('attempts').select('key').where('key', 'in', keys).execute();
  return new Set(rows.map(({ key }) => key));
}

/** Renames the key of a counter; false if the new key already has a counter. */
export async function renameTries(tx: Queries, { from, to }: { from: AttemptKey; to: AttemptKey }): Promise<boolean> {
  const row = await findRow.first(tx, { key: from });
  if (row === undefined) return false;
  const { state, expires_at: expiresAt, written_at: writtenAt, ahead_seconds: aheadSeconds } = row;
  const inserted = await insert.run(tx, { key: to, state, expiresAt, writtenAt, aheadSeconds });
  await deleteTries(tx, [from]);
  return inserted === 1;
}

/** Deletes expired rows, which mean the same as no row; returns how many. */
export async function deleteExpiredTries(tx: Queries, now: number): Promise<number> {
  return deleteExpired.run(tx, { now });
}

type Reservation = Change & AttemptCounter;

/** Writes every change or none, in the order of the keys, so that two transactions in PostgreSQL cannot deadlock. */
async function claimAll(
  tx: Queries,
  changes: readonly Reservation[],
  now: number,
): Promise<readonly CountedTry[] | undefined> {
  const done: Reservation[] = [];
  const counted: CountedTry[] = [];
  const timed = changes.map(({ next, ...change }) => {
    const writtenAt = countedAt(change.row && stateOf(change.row), now);
    return { ...change, next: { ...next, writtenAt } };
  });
  const inOrder = timed.sort((a, b) => (a.key < b.key ? -1 : 1));
  const [one, two] = inOrder;
  if (one && two && inOrder.length === 2 && !one.row && !two.row) return insertBoth(tx, [one, two]);
  for (const change of inOrder) {
    const { key, rule } = change;
    const row = await claim(tx, change);
    if (row === undefined) {
      for (const one of done) await restore(tx, one.key, one.row);
      return undefined;
    }
    done.push(change);
    counted.push({ key, rule, row });
  }
  return counted;
}

/** Inserts two rows or none. If somebody was faster with one of them, the next round reads it. */
async function insertBoth(
  tx: Queries,
  [one, two]: readonly [Reservation, Reservation],
): Promise<readonly CountedTry[] | undefined> {
  const rows = await insertTwo(tx, one, two);
  const counted = [one, two].flatMap(({ key, rule }) =>
    rows.filter((row) => row.key === key).map((row) => ({ key, rule, row })),
  );
  if (counted.length === 2) return counted;
  await deleteTries(
    tx,
    counted.map(({ key }) => key),
  );
  return undefined;
}

/** Undoes a claim of this transaction. Nobody else has seen it, and this transaction still has the lock on the row. */
async function restore(tx: Queries, key: AttemptKey, row: Row | undefined): Promise<void> {
  if (row === undefined) await deleteTries(tx, [key]);
  else await tx.updateTable('attempts').set(row).where('key', '=', key).execute();
}

const deleteExpired = statement((db: Queries, p: Param<{ now: number }>) =>
  db.deleteFrom('attempts').where('expires_at', '<=', p.now),
);
