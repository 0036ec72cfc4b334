import type { Selectable } from 'kysely';
import type { AttemptCounter, AttemptKey } from '#core/limits/counter-kinds.ts';
import type { Attempts } from '#core/limits/throttle.ts';
import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import type { AttemptTable } from '#store/limits/tables.ts';

/** A stored counter. */
export type Row = Selectable<AttemptTable>;

/** A counter as it was read, and what it shall become. */
export type Change = { readonly key: AttemptKey; readonly row: Row | undefined; readonly next: Attempts };

/**
 * Writes the change if the row is unchanged since it was read, and returns the new row.
 *
 * This is enough under READ COMMITTED. An update waits for the transaction that holds the row and then checks `version`
 * against the committed row. An insert waits for another insert of the same key. The next round reads the result.
 * SQLite has one writer. So two tries never count from the same state.
 */
export async function claim(tx: Queries, change: Change): Promise<Row | undefined> {
  const { row } = change;
  const values = newStateOf(change);
  const written =
    row === undefined
      ? await insert.run(tx, values)
      : await update.run(tx, { ...values, oldVersion: row.version, oldState: row.state });
  if (written !== 1) return undefined;
  return rowOf(values, (row?.version ?? 0) + 1);
}

function newStateOf({ key, next }: Change): NewState {
  const { writtenAt = 0, aheadSeconds = 0, streak, ...counted } = next;
  // The previous version stores the streak as `row`, and a node of it may run beside this one.
  const state = JSON.stringify({ row: streak, streak, ...counted });
  return { key, state, expiresAt: counted.expiresAt, writtenAt, aheadSeconds };
}

function rowOf({ key, state, expiresAt, writtenAt, aheadSeconds }: NewState, version: number): Row {
  return { key, state, version, expires_at: expiresAt, written_at: writtenAt, ahead_seconds: aheadSeconds };
}

/** The state of a stored counter. */
export function stateOf({ state, written_at: writtenAt, ahead_seconds: aheadSeconds }: Row): Attempts {
  // A node of the previous version changes only `row`, so `row` wins if both exist.
  const { row, streak, ...counted } = JSON.parse(state);
  return { ...counted, streak: row ?? streak, writtenAt, aheadSeconds };
}

/** The row of a key. */
export const findRow = statement((db: Queries, p: Param<{ key: string }>) =>
  db.selectFrom('attempts').selectAll().where('key', '=', p.key),
);

/** One query for the common case of two keys: a code has its own counter and that of its address. */
export async function findRows(tx: Queries, of: readonly AttemptCounter[]): Promise<readonly Row[]> {
  const [one, two, ...others] = of.map(({ key }) => key);
  if (one !== undefined && two !== undefined && others.length === 0) return findTwo.all(tx, { one, two });
  const rows = [];
  for (const { key } of of) rows.push(...(await findRow.all(tx, { key })));
  return rows;
}

const findTwo = statement((db: Queries, p: Param<{ one: string; two: string }>) =>
  db.selectFrom('attempts').selectAll().where('key', 'in', [p.one, p.two]),
);

type NewState = {
  readonly key: AttemptKey;
  readonly state: string;
  readonly expiresAt: number;
  readonly writtenAt: number;
  readonly aheadSeconds: number;
};
type OtherState = { readonly [Name in keyof NewState as `other${Capitalize<Name>}`]: NewState[Name] };

/** Adds a row, unless there is one. */
export const insert = statement((db: Queries, p: Param<NewState>) =>
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

/** Adds two rows, and returns those of them that were not there. */
export async function insertTwo(tx: Queries, one: Change, two: Change): Promise<readonly Row[]> {
  const [first, other] = [newStateOf(one), newStateOf(two)];
  const inserted = await insertPair.all(tx, {
    ...first,
    otherKey: other.key,
    otherState: other.state,
    otherExpiresAt: other.expiresAt,
    otherWrittenAt: other.writtenAt,
    otherAheadSeconds: other.aheadSeconds,
  });
  const keys = inserted.map(({ key }) => key);
  return [first, other].filter(({ key }) => keys.includes(key)).map((state) => rowOf(state, 1));
}

const insertPair = statement((db: Queries, p: Param<NewState & OtherState>) =>
  db
    .insertInto('attempts')
    .values([
      {
        key: p.key,
        state: p.state,
        version: 1,
        expires_at: p.expiresAt,
        written_at: p.writtenAt,
        ahead_seconds: p.aheadSeconds,
      },
      {
        key: p.otherKey,
        state: p.otherState,
        version: 1,
        expires_at: p.otherExpiresAt,
        written_at: p.otherWrittenAt,
        ahead_seconds: p.otherAheadSeconds,
      },
    ])
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returning('key'),
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
