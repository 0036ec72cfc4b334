/** A waiting job: its line, and its amount of work. */
export type Waiting = { readonly line: string; readonly units: number };

export type HashLines<W extends Waiting> = {
  /** Appends the job to its line. */
  add(job: W): void;
  remove(job: W): void;
  /** Removes and returns the next job; a line that `mayGo` refuses keeps its place. */
  next(mayGo: (line: string) => boolean): W | undefined;
  /** The newest job of the longest line; if two are equally long, of the given one. */
  newestOfLongest(line: string): W | undefined;
  /** The total work of all waiting jobs. */
  units(): number;
  size(): number;
};

/**
 * Lines served in rotation: one job of each line per turn, oldest first within a line.
 *
 * With n lines, a job that is alone in its line waits for at most n others, however long their lines are.
 */
export function createHashLines<W extends Waiting>(): HashLines<W> {
  // A Map keeps its keys in the order of insertion, so the first line is the next one.
  const lines = new Map<string, Set<W>>();
  let [units, size] = [0, 0];

  function add(job: W): void {
    const line = lines.get(job.line) ?? new Set<W>();
    lines.set(job.line, line.add(job));
    units += job.units;
    size += 1;
  }

  function remove(job: W): void {
    const line = lines.get(job.line);
    if (!line?.delete(job)) return;
    if (line.size === 0) lines.delete(job.line);
    units -= job.units;
    size -= 1;
  }

  function next(mayGo: (line: string) => boolean): W | undefined {
    for (const [name, line] of lines) {
      const [job] = line;
      if (job === undefined || !mayGo(name)) continue;
      lines.delete(name);
      lines.set(name, line);
      remove(job);
      return job;
    }
    return undefined;
  }

  function newestOfLongest(own: string): W | undefined {
    let longest = lines.get(own);
    for (const line of lines.values()) if (line.size > (longest?.size ?? 0)) longest = line;
    return [...(longest ?? [])].at(-1);
  }

  return { add, remove, next, newestOfLongest, units: () => units, size: () => size };
}
