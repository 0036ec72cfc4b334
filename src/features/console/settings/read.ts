import type { Env } from '#env.ts';
import { type KnownSetting, readKnownSettings } from '#flows/instance/known.ts';
import { findPerson } from '#store/people/users.ts';

/** A setting as the console shows it. */
export type ShownSetting = Omit<KnownSetting, 'change'> & {
  readonly change: { readonly at: number; readonly by: ChangedBy } | undefined;
};

/** The name of who changed it, or what is known instead. */
export type ChangedBy = { readonly name: string } | 'operator' | 'gone';

export async function readSettings(env: Env): Promise<readonly ShownSetting[]> {
  const shown: ShownSetting[] = [];
  for (const setting of await readKnownSettings(env)) shown.push(await shownOf(env, setting));
  return shown;
}

/** @param name as in its address */
export async function readSetting(env: Env, name: string): Promise<ShownSetting | undefined> {
  const setting = (await readKnownSettings(env)).find((one) => one.name === name);
  return setting && shownOf(env, setting);
}

async function shownOf({ db }: Env, { change, ...setting }: KnownSetting): Promise<ShownSetting> {
  if (change === undefined) return { ...setting, change };
  const { at, by } = change;
  if (by === 'command_line') return { ...setting, change: { at, by: 'operator' } };
  const person = await findPerson(db.read, by);
  return { ...setting, change: { at, by: person ? { name: person.user.name } : 'gone' } };
}
