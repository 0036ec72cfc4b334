import type { Raced } from './races.ts';
import { isProven, type Result } from './run-scenario.ts';

const HEAD = ['scenario', 'database', 'rounds', 'faults', 'acknowledged', 'unknown', 'anomalies'];

/** One Markdown line for each scenario. */
export function tableOf(results: readonly Result[], raced: readonly Raced[]): string {
  const races = raced.map(({ what, database, rounds, acknowledged, failed }) => [
    `${what}, two nodes`,
    database,
    String(rounds),
    '-',
    String(acknowledged),
    '-',
    String(failed.length),
  ]);
  const faults = results.map((result) => {
    const { scenario, rounds, acknowledged, unknown } = result;
    const counts = [rounds, result.faults, acknowledged, unknown].map(String);
    return [scenario.name, scenario.service.database, ...counts, verdictOf(result)];
  });
  const rows = [...races, ...faults];
  const widths = HEAD.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return `\n${line(HEAD)}\n${line(widths.map((width) => '-'.repeat(width)))}\n${rows.map(line).join('\n')}`;
}

/** The anomalies. For a negative control: whether they were found, and the violated invariants. */
function verdictOf(result: Result): string {
  const { scenario, findings } = result;
  if (scenario.caughtBy === undefined) return String(findings.length);
  const by = [...new Set(findings.map(({ invariant }) => invariant))].sort().join(' ');
  return isProven(result) ? `caught: ${by}` : 'NOT CAUGHT';
}
