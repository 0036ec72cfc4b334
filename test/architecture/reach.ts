import type { Declaration, Source } from './sources.ts';

export type Reach = {
  /** The lines to read: each used function, type and constant, as a whole. */
  readonly lines: number;
  readonly files: readonly string[];
  /** All lines of those files. */
  readonly fileLines: number;
};

/**
 * What a declaration uses, recursively: functions and types, run at once or later. A handler's arguments (`env`, a
 * `call`) count by their type.
 */
export function reachOf(sources: readonly Source[], path: string, name: string): Reach {
  const sourceOf = new Map(sources.map((source) => [source.path, source]));
  const reached = new Map<Declaration, string>();
  const waiting: (readonly [path: string, name: string])[] = [[path, name]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [from, wanted] = next;
    const source = sourceOf.get(from);
    const declarations = source?.declarations.filter(({ names }) => names.includes(wanted)) ?? [];
    for (const declaration of declarations.filter((one) => !reached.has(one))) {
      reached.set(declaration, from);
      for (const used of declaration.uses) waiting.push(...(source ? placesOf(source, used) : []));
    }
  }
  const files = [...new Set(reached.values())].toSorted();
  const lines = [...reached.keys()].reduce((sum, declaration) => sum + declaration.lines, 0);
  return { lines, files, fileLines: files.reduce((sum, file) => sum + (sourceOf.get(file)?.lines ?? 0), 0) };
}

/** Where a name used in a file may be declared: in another file, or in this one. */
function placesOf({ path, imports }: Source, used: string): readonly (readonly [path: string, name: string])[] {
  const imported = imports.filter(({ names }) => names.has(used));
  return imported.length === 0
    ? [[path, used]]
    : imported.map(({ target, names }) => [target, names.get(used) ?? used] as const);
}
