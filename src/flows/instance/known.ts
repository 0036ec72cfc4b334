import {
  defaultText,
  INSTANCE_SETTINGS,
  type InstanceSetting,
  type Source,
  sourceOf,
  textOfValue,
} from '#core/instance/settings.ts';
import type { Env } from '#env.ts';
import { listSettings } from '#store/instance/settings.ts';
import type { InstanceSettingTable } from '#store/operations/tables.ts';

/** A setting with everything that is known about it. */
export type KnownSetting = InstanceSetting & {
  readonly source: Source;
  /** The value in force, as it is typed; absent if there is none. */
  readonly value: string | undefined;
  /** What was stored. The environment may win over it. */
  readonly stored: string | undefined;
  /** The last change, back to the default too; `by` as the audit log names actors. */
  readonly change: { readonly at: number; readonly by: string } | undefined;
  /** How often it was changed: a form sends it back, so that two changes at once are noticed. */
  readonly version: number;
};

/** Every setting, read now. */
export async function readKnownSettings({ config, db }: Pick<Env, 'config' | 'db'>): Promise<readonly KnownSetting[]> {
  const rows = await listSettings(db.read);
  return INSTANCE_SETTINGS.map((setting) => knownOf(config.given, setting, rows));
}

function knownOf(
  given: Env['config']['given'],
  setting: InstanceSetting,
  rows: readonly InstanceSettingTable[],
): KnownSetting {
  const { key, name } = setting;
  const row = rows.find((one) => one.name === name);
  const stored = row?.value ?? undefined;
  const source = sourceOf(key, given, new Map(stored === undefined ? [] : [[name, stored]]));
  const own = given[key];
  return {
    ...setting,
    source,
    value: own === undefined ? (stored ?? defaultText(key)) : textOfValue(own),
    stored,
    change: row && { at: row.changed_at, by: row.changed_by },
    version: row?.version ?? 0,
  };
}
