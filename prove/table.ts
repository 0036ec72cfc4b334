import type { Result } from './run-scenario.ts';
import type { Scenario } from './scenarios.ts';

const HEAD = ['scenario', 'database', 'rounds', 'faults', 'acknowledged', 'unknown', 'anomalies'];

/** One line for each scenario; a negative control shows that it was caught, and by which invariants. */
export function printTable(results: readonly Result[], isControl: (scenario: Scenario) => boolean): void {
  const rows = results.map((result) => {
    const { scenario, rounds, faults, acknowledged, unknown, findings } = result;
    const by = [...new Set(findings.map(({ invariant }) => invariant))].sort().join(' ');
    const caught = findings.length > 0 ? `caught by ${by}` : 'NOT CAUGHT';
    const verdict = isControl(scenario) ? caught : String(findings.length);
    const counts = [rounds, faults, acknowledged, unknown].map(String);
    return [scenario.name, scenario.service.database, ...counts, verdict];
  });
  const widths = HEAD.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  console.log(`\n${line(HEAD)}\n${line(widths.map((width) => '-'.repeat(width)))}\n${rows.map(line).join('\n')}`);
}
