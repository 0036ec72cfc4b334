import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { hasCompiler } from './power-cut/disk.ts';
import { type Result, runScenario, seedsOf } from './run-scenario.ts';
import { NEGATIVE_CONTROLS, SCENARIOS, type Scenario } from './scenarios.ts';
import { printTable } from './table.ts';

const { values } = parseArgs({
  options: { short: { type: 'boolean', default: false }, seed: { type: 'string' }, only: { type: 'string' } },
});
const seed = Number(values.seed ?? randomInt(2 ** 32));
const length = values.short ? 'short' : 'long';
const nextSeed = seedsOf(seed);

console.log(`seed ${seed}: the same moments again with --seed ${seed}`);
const results: Result[] = [];
let isProven = true;
for (const scenario of [...SCENARIOS, ...NEGATIVE_CONTROLS]) {
  // Drawn for each, run or not: a part alone meets the same moments as the whole.
  const own = nextSeed();
  if (scenario.rounds[length] === 0 || !scenario.name.includes(values.only ?? '')) continue;
  if (scenario.service.onDisk && !hasCompiler()) {
    console.error(`${scenario.name}: not run, there is no gcc to build the disk that forgets`);
    isProven = false;
    continue;
  }
  const result = await runScenario(scenario, {
    rounds: scenario.rounds[length],
    seed: own,
    endsAtFinding: isControl(scenario),
  });
  results.push(result);
  for (const { invariant, about, what } of isControl(scenario) ? result.findings.slice(0, 3) : result.findings) {
    console.log(`  ${scenario.name}: ${invariant} ${about}: ${what}`);
  }
  const lost = result.lostPages === 0 ? '' : `, ${result.lostPages} pages never synced and lost`;
  console.log(`${scenario.name}: ${result.rounds} rounds, ${result.seconds.toFixed(1)} s${lost}`);
  isProven &&= isControl(scenario) ? result.findings.length > 0 : result.findings.length === 0;
}
printTable(results, isControl);
console.log(isProven ? '\nNothing acknowledged was lost, nothing was used twice.' : '\nThe proof failed.');
process.exitCode = isProven && results.length > 0 ? 0 : 1;

function isControl({ service }: Scenario): boolean {
  return service.breakage !== undefined;
}
