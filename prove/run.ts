import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { hasCompiler } from './power-cut/disk.ts';
import { chanceOf } from './random.ts';
import { isProven, type Result, runScenario } from './run-scenario.ts';
import { NEGATIVE_CONTROLS, SCENARIOS, type Scenario } from './scenarios.ts';
import { tableOf } from './table.ts';

const { values } = parseArgs({
  options: { short: { type: 'boolean', default: false }, seed: { type: 'string' }, only: { type: 'string' } },
});
const seed = Number(values.seed ?? randomInt(2 ** 32));
const length = values.short ? 'short' : 'long';
const seeds = chanceOf(seed);

console.log(`seed ${seed}: the same choices again with --seed ${seed}`);
const results: Result[] = [];
const missing: Scenario[] = [];
for (const scenario of [...SCENARIOS, ...NEGATIVE_CONTROLS]) {
  // Drawn for each, run or not: a part alone makes the same choices as in the whole.
  const own = seeds.below(2 ** 32);
  const rounds = scenario.rounds[length];
  if (rounds === 0 || !scenario.name.includes(values.only ?? '')) continue;
  if (scenario.service.onDisk && !hasCompiler()) missing.push(scenario);
  else results.push(tell(await runScenario(scenario, { rounds, seed: own })));
}
console.log(tableOf(results));
for (const { name } of missing) console.error(`not run: ${name}: gcc is missing, and the disk that forgets needs it`);
const holds = results.length > 0 && missing.length === 0 && results.every(isProven);
console.log(holds ? '\nNothing acknowledged was lost, nothing was used twice.' : '\nThis is no proof.');
process.exitCode = holds ? 0 : 1;

/** A line while it goes on; of a negative control three findings are enough. */
function tell(result: Result): Result {
  const { scenario, rounds, seconds, lostPages, findings } = result;
  const lost = lostPages === 0 ? '' : `, ${lostPages} pages never synced and lost`;
  console.log(`${scenario.name}: ${rounds} rounds, ${seconds.toFixed(0)} s${lost}`);
  for (const { invariant, about, what } of scenario.caughtBy === undefined ? findings : findings.slice(0, 3)) {
    console.log(`  ${invariant} ${about}: ${what}`);
  }
  return result;
}
