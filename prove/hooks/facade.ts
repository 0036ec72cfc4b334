import type { Hook } from './hook.ts';
import { BREAKAGES, FAILPOINT_HOOKS, TUNINGS } from './hooks.ts';

const { PROVE_BREAKAGE = '', PROVE_TUNING = '' } = process.env;

/** The hooks of this process: the failpoints, and those that its environment names. */
export const HOOKS: readonly Hook[] = [
  ...FAILPOINT_HOOKS,
  ...listed(TUNINGS, PROVE_TUNING),
  ...listed(BREAKAGES, PROVE_BREAKAGE),
];

function listed(table: Readonly<Record<string, readonly Hook[]>>, name: string): readonly Hook[] {
  if (name === '') return [];
  const found = table[name];
  if (found === undefined) throw new Error(`there is nothing to hook by the name ${name}`);
  return found;
}

/**
 * The module that replaces a hooked one. It has the same exports, with the hooked names changed. Calls inside the
 * original file bypass it.
 *
 * @param url of the original module. Only the facade loads it.
 */
export function facadeOf(file: string, url: string): string {
  const names = new Set(HOOKS.filter((hook) => hook.file === file).map(({ name }) => name));
  return `import * as original from ${JSON.stringify(url)};
    import { wrapped } from ${JSON.stringify(import.meta.url)};
    export * from ${JSON.stringify(url)};
    export const { ${[...names].join(', ')} } = wrapped(${JSON.stringify(file)}, original);`;
}

const wrappedFiles = new Set<string>();

/** The exports of a file with the hooks applied. An unknown name aborts the start. */
export function wrapped(file: string, original: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const changed: Record<string, unknown> = {};
  for (const hook of HOOKS) {
    if (hook.file !== file) continue;
    const { name } = hook;
    if (!(name in original)) throw new Error(`src/${file} exports no ${name}: the hook has nothing to change`);
    // The type of the hook table guarantees that the export has the type that the hook takes.
    changed[name] = hook.wrap((changed[name] ?? original[name]) as never);
  }
  wrappedFiles.add(file);
  return changed;
}

/** Aborts the start if a hooked module was loaded before the hooks were set, because it is then unchanged. */
export function assertWrapped(): void {
  const missed = HOOKS.filter(({ file }) => !wrappedFiles.has(file)).map(({ file }) => file);
  if (missed.length > 0) throw new Error(`loaded before it was hooked: ${missed.join(', ')}`);
}
