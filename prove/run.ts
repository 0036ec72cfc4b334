import { randomInt } from 'node:crypto';
import { readOptions } from '../bench/options.ts';
import { closeServers } from './database.ts';
import { type Raced, runRaces } from './races.ts';
import { chanceOf } from './random.ts';
import { isProven, type Result, runScenario } from './run-scenario.ts';
import { NEGATIVE_CONTROLS, SCENARIOS } from './scenarios.ts';
import { missingFor } from './service.ts';
import { tableOf } from './table.ts';

const values = readOptions('npm run prove -- [--short] [--rounds N] [--seed N] [--only TEXT | --controls]', {
  short: { type: 'boolean', default: false },
  /** At most this many rounds of each scenario and race, and sequences of the model. */
  rounds: { type: 'string' },
  seed: { type: 'string' },
  /** Scenarios whose line contains this text: `postgres`, `power cut`. */
  only: { type: 'string' },
  /** The products that are broken on purpose, and nothing else. */
  controls: { type: 'boolean', default: false },
});
const seed = Number(values.seed ?? randomInt(2 ** 32));
const roundsMost = Number(values.rounds ?? Number.POSITIVE_INFINITY);
const length = values.short ? 'short' : 'long';
const seeds = chanceOf(seed);

console.log(`seed ${seed}: the same choices again with --seed ${seed}`);
const results: Result[] = [];
const notRun: string[] = [];
// For the short form the tests already run them, with fewer rounds.
const raced: Raced[] = values.short || values.controls ? [] : await runRaces(values.only ?? '', roundsMost);
for (const scenario of [...SCENARIOS, ...NEGATIVE_CONTROLS]) {
  // Drawn for each scenario, run or not, so that a selection makes the same choices as a full run.
  const own = seeds.below(2 ** 32);
  const rounds = Math.min(scenario.rounds[length], roundsMost);
  const line = `${scenario.service.database} ${scenario.name}`;
  if (values.controls && scenario.caughtBy === undefined) continue;
  if (rounds === 0 || !line.includes(values.only ?? '')) continue;
  const missing = missingFor(scenario.service);
  if (missing !== undefined) {
    notRun.push(`${line}: ${missing}`);
    continue;
  }
  try {
    results.push(tell(await runScenario(scenario, { rounds, seed: own })));
  } catch (error) {
    // The other scenarios still run. This one has proven nothing.
    notRun.push(`${line}: ${error instanceof Error ? error.stack : error}`);
  }
}
await closeServers();
console.log(tableOf(results, raced));
for (const line of notRun) console.error(`not run: ${line}`);
const isWhole = results.length + raced.length > 0 && notRun.length === 0;
const holds = isWhole && results.every(isProven) && raced.every(({ failed }) => failed.length === 0);
console.log(holds ? '\nNothing acknowledged was lost, nothing was used twice.' : '\nThis is no proof.');
process.exitCode = holds ? 0 : 1;

/** A line per result during the run. A negative control prints only three findings. */
function tell(result: Result): Result {
  const { scenario, rounds, seconds, lostPages, findings } = result;
  const lost = lostPages === 0 ? '' : `, ${lostPages} pages never synced and lost`;
  console.log(`${scenario.service.database}, ${scenario.name}: ${rounds} rounds, ${seconds.toFixed(0)} s${lost}`);
  for (const { invariant, about, what } of scenario.caughtBy === undefined ? findings : findings.slice(0, 3)) {
    console.log(`  ${invariant} ${about}: ${what}`);
  }
  return result;
}
