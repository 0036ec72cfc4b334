const rows: [string, string][] = [];

/** One line of the table, printed at once because a benchmark takes long. */
export function row(name: string, figure: string): void {
  rows.push([name, figure]);
  process.stderr.write(`${name}: ${figure}\n`);
}

export function printTable(): void {
  const width = Math.max(...rows.map(([name]) => name.length));
  process.stdout.write(`${rows.map(([name, figure]) => `${name.padEnd(width)}  ${figure}`).join('\n')}\n`);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
