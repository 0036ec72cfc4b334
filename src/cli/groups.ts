import type { Command } from './command.ts';

type Group = { readonly commands: readonly Command[] };

/** Commands by their first word; each file is read only when it is asked for. */
const GROUPS: Readonly<Record<string, () => Promise<Group>>> = {
  serve: () => import('./serve.ts'),
  demo: () => import('./demo.ts'),
  partner: () => import('./partner.ts'),
  user: () => import('./user.ts'),
  staff: () => import('./staff.ts'),
  mail: () => import('./mail.ts'),
  'api-key': () => import('./api-key.ts'),
  webhook: () => import('./webhook.ts'),
  client: () => import('./client.ts'),
  site: () => import('./site.ts'),
  audit: () => import('./audit.ts'),
  keys: () => import('./keys.ts'),
  backup: () => import('./backup.ts'),
  restore: () => import('./restore.ts'),
  import: () => import('./import.ts'),
  doctor: () => import('./doctor.ts'),
  routes: () => import('./routes.ts'),
  config: () => import('./config.ts'),
};

export async function listCommands(): Promise<readonly Command[]> {
  const groups = await Promise.all(Object.values(GROUPS).map((load) => load()));
  return groups.flatMap(({ commands }) => commands);
}

export type Found = { readonly command: Command; readonly rest: readonly string[] };

/** The command that these words begin with, or why there is none. */
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
