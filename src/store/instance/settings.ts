import type { Queries } from '#store/engine/database.ts';
import { type Param, statement } from '#store/engine/statement.ts';
import type { InstanceSettingTable } from '#store/operations/tables.ts';

/** Every setting that was ever changed. */
export function listSettings(queries: Queries): Promise<readonly InstanceSettingTable[]> {
  return all.all(queries, {});
}

const all = statement((db: Queries, _p: Param<Record<never, never>>) =>
  db.selectFrom('instance_settings').selectAll().orderBy('name'),
);

/** The texts in force, by name. */
export async function readStoredSettings(queries: Queries): Promise<ReadonlyMap<string, string>> {
  const rows = await listSettings(queries);
  return new Map(rows.flatMap(({ name, value }) => (value === null ? [] : [[name, value] as const])));
}

export async function findSetting(queries: Queries, name: string): Promise<InstanceSettingTable | undefined> {
  return queries.selectFrom('instance_settings').selectAll().where('name', '=', name).executeTakeFirst();
}

type Change = Omit<InstanceSettingTable, 'version'> & {
  /** The version that the change replaces; 0 if the setting was never changed. */
  readonly seen: number;
};

/** Changes a setting in one statement; false if somebody else has changed it since `seen`. */
export async function changeStoredSetting(tx: Queries, { seen, ...row }: Change): Promise<boolean> {
  if (seen === 0) {
    const adding = tx.insertInto('instance_settings').values({ ...row, version: 1 });
    const added = await adding.onConflict((conflict) => conflict.column('name').doNothing()).executeTakeFirst();
    return added.numInsertedOrUpdatedRows === 1n;
  }
  const { name, ...changed } = row;
  const changing = tx.updateTable('instance_settings').set({ ...changed, version: seen + 1 });
  const { numUpdatedRows } = await changing.where('name', '=', name).where('version', '=', seen).executeTakeFirst();
  return numUpdatedRows === 1n;
}
