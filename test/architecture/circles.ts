import type { Source } from './sources.ts';

/** The groups of files that import each other, directly or over other files. One line for each group. */
export function circlesOf(sources: readonly Source[]): readonly string[] {
  const left = withoutLeaves(sources);
  const found = new Set<string>();
  for (const path of left.keys()) {
    const circle = [...reachableFrom(path, left)].filter((other) => reachableFrom(other, left).has(path));
    if (circle.length > 0) found.add(circle.toSorted().join(' <-> '));
  }
  return [...found];
}

type Targets = ReadonlyMap<string, readonly string[]>;

/**
 * The files that are in a circle or import one. Files whose imports are all outside of a circle are removed step by
 * step.
 */
function withoutLeaves(sources: readonly Source[]): Targets {
  const left = new Map(sources.map(({ path, imports }) => [path, imports.map(({ target }) => target)]));
  let before: number;
  do {
    before = left.size;
    for (const [path, targets] of left) if (!targets.some((target) => left.has(target))) left.delete(path);
  } while (left.size < before);
  return left;
}

/** Without the file itself, unless an import leads back to it. */
function reachableFrom(start: string, targetsOf: Targets): ReadonlySet<string> {
  const reached = new Set<string>();
  const waiting = [...(targetsOf.get(start) ?? [])];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    waiting.push(...(targetsOf.get(next) ?? []));
  }
  return reached;
}
