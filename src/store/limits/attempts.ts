import type { Selectable } from 'kysely';
import type { AttemptCounter, AttemptKey } from '#core/limits/counter-kinds.ts';
import { type Attempts, reserveTry } from '#core/limits/throttle.ts';
import { countedAt } from '#core/limits/try-window.ts';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import type { AttemptTable } from '#store/limits/tables.ts';

// A lost round means that another process counted or returned a try of the same key. No budget is larger than 180, so a
// refusal comes long before this limit.
const MAX_ROUNDS = 200;

/** A counted try with the row that it wrote. A try that is returned soon usually finds the row unchanged. */
export type CountedTry = AttemptCounter & { readonly row: Row };

type Row = Selectable<AttemptTable>;

/**
 * Counts one try for every key, or none. If a rule has no room, returns its refusal with the key of its counter.
 *
 * The caller reserves the try, commits, and only then compares what the person typed.
 *
 * @param tx a write transaction; a refusal changes nothing in it
 * @param tries each key once
 */
export async function reserveTries(
  tx: Queries,
  tries: readonly AttemptCounter[],
  now: number,
): Promise<Refusal | readonly CountedTry[]> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const changes: Reservation[] = [];
    const rows = await findRows(tx, tries);
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

type Change = { readonly key: AttemptKey; readonly row: Row | undefined; readonly next: Attempts };
type Reservation = Change & AttemptCounter;

/** Writes every change or none, in the order of the keys, so that two transactions in PostgreSQL cannot deadlock. */
async function claimAll(
  tx: Queries,
  changes: readonly Reservation[],
  now: number,
): Promise<readonly CountedTry[] | undefined> {
  const done: Reservation[] = [];
  const counted: CountedTry[] = [];
  for (const change of [...changes].sort((a, b) => (a.key < b.key ? -1 : 1))) {
    const { key, rule, next } = change;
    const writtenAt = countedAt(change.row && stateOf(change.row), now);
    const row = await claim(tx, { ...change, next: { ...next, writtenAt } });
    if (row === undefined) {
      for (const one of done) await restore(tx, one.key, one.row);
      return undefined;
    }
    done.push(change);
    counted.push({ key, rule, row });
  }
  return counted;
}

/**
 * Writes the change if the row is unchanged since it was read, and returns the new row.
 *
 * This is enough under READ COMMITTED. An update waits for the transaction that holds the row and then checks `version`
 * against the committed row. An insert waits for another insert of the same key. The next round reads the result.
 * SQLite has one writer. So two tries never count from the same state.
 */
async function claim(tx: Queries, { key, row, next }: Change): Promise<Row | undefined> {
  const { writtenAt = 0, aheadSeconds = 0, streak, ...counted } = next;
  const { expiresAt } = counted;
  // The previous version stores the streak as `row`, and a node of it may run beside this one.
  const state = JSON.stringify({ row: streak, streak, ...counted });
  const values = { key, state, expiresAt, writtenAt, aheadSeconds };
  const written =
    row === undefined
      ? await insert.run(tx, values)
      : await update.run(tx, { ...values, oldVersion: row.version, oldState: row.state });
  if (written !== 1) return undefined;
  const version = (row?.version ?? 0) + 1;
  return { key, state, version, expires_at: expiresAt, written_at: writtenAt, ahead_seconds: aheadSeconds };
}

/** Undoes a claim of this transaction. Nobody else has seen it, and this transaction still has the lock on the row. */
async function restore(tx: Queries, key: AttemptKey, row: Row | undefined): Promise<void> {
  if (row === undefined) await deleteTries(tx, [key]);
  else await tx.updateTable('attempts').set(row).where('key', '=', key).execute();
}

function stateOf({ state, written_at: writtenAt, ahead_seconds: aheadSeconds }: Row): Attempts {
  // A node of the previous version changes only `row`, so `row` wins if both exist.
  const { row, streak, ...counted } = JSON.parse(state);
  return { ...counted, streak: row ?? streak, writtenAt, aheadSeconds };
}

const findRow = statement((db: Queries, p: Param<{ key: string }>) =>
  db.selectFrom('attempts').selectAll().where('key', '=', p.key),
);

/** One query for the common case of two keys: a code has its own counter and that of its address. */
async function findRows(tx: Queries, of: readonly AttemptCounter[]): Promise<readonly Row[]> {
  const [one, two, ...others] = of.map(({ key }) => key);
  if (one !== undefined && two !== undefined && others.length === 0) return findTwo.all(tx, { one, two });
  const rows = [];
  for (const { key } of of) rows.push(...(await findRow.all(tx, { key })));
  return rows;
}

const findTwo = statement((db: Queries, p: Param<{ one: string; two: string }>) =>
  db.selectFrom('attempts').selectAll().where('key', 'in', [p.one, p.two]),
);

type NewState = { key: string; state: string; expiresAt: number; writtenAt: number; aheadSeconds: number };

const insert = statement((db: Queries, p: Param<NewState>) =>
  db
    .insertInto('attempts')
    .values({
      key: p.key,
      state: p.state,
      version: 1,
      expires_at: p.expiresAt,
      written_at: p.writtenAt,
      ahead_seconds: p.aheadSeconds,
    })
    .onConflict((conflict) => conflict.column('key').doNothing()),
);

const update = statement((db: Queries, p: Param<NewState & { oldVersion: number; oldState: string }>) =>
  db
    .updateTable('attempts')
    .set((row) => ({
      state: p.state,
      version: row('version', '+', 1),
      expires_at: p.expiresAt,
      written_at: p.writtenAt,
      ahead_seconds: p.aheadSeconds,
    }))
    .where('key', '=', p.key)
    .where('version', '=', p.oldVersion)
    // A row that was deleted and inserted again starts at version 1 again, so the state is compared too.
    .where('state', '=', p.oldState),
);

const deleteExpired = statement((db: Queries, p: Param<{ now: number }>) =>
  db.deleteFrom('attempts').where('expires_at', '<=', p.now),
);
