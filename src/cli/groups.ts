import type { Command } from './command.ts';

type Group = { readonly commands: readonly Command[] };

/** Commands by their first word. A file is imported only for its command. */
const GROUPS: Readonly<Record<string, () => Promise<Group>>> = {
  serve: () => import('#cli/operations/serve.ts'),
  demo: () => import('#cli/operations/demo.ts'),
  partner: () => import('#cli/administration/partner.ts'),
  user: () => import('#cli/administration/user.ts'),
  staff: () => import('#cli/administration/staff.ts'),
  mail: () => import('#cli/administration/mail.ts'),
  'api-key': () => import('#cli/administration/api-key.ts'),
  webhook: () => import('#cli/administration/webhook.ts'),
  client: () => import('#cli/administration/client.ts'),
  site: () => import('#cli/administration/site.ts'),
  settings: () => import('#cli/administration/settings.ts'),
  audit: () => import('#cli/operations/audit.ts'),
  keys: () => import('#cli/operations/keys.ts'),
  backup: () => import('#cli/operations/backup.ts'),
  restore: () => import('#cli/operations/restore.ts'),
  import: () => import('#cli/operations/import.ts'),
  doctor: () => import('#cli/doctor/doctor.ts'),
  routes: () => import('#cli/operations/routes.ts'),
  config: () => import('#cli/operations/config.ts'),
};

export async function listCommands(): Promise<readonly Command[]> {
  const groups = await Promise.all(Object.values(GROUPS).map((load) => load()));
  return groups.flatMap(({ commands }) => commands);
}

export type Found = { readonly command: Command; readonly rest: readonly string[] };

/** The command that begins with these words, or why there is none. */
export async function findCommand(typed: readonly string[]): Promise<Found | { readonly misuse: string }> {
  const [first = '', second = ''] = typed;
  const load = Object.hasOwn(GROUPS, first) ? GROUPS[first] : undefined;
  if (load === undefined) return { misuse: 'there is no such command' };
  const { commands } = await load();
  const command = commands.find(({ words }) => words === first || words === `${first} ${second}`);
  if (command !== undefined) return { command, rest: typed.slice(command.words.split(' ').length) };
  const seconds = commands.map(({ words }) => words.split(' ')[1]);
  return { misuse: `"${first}" needs one of: ${seconds.join(', ')}` };
}
