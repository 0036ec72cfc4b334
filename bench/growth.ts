import { type Bench, type Cost, codeSteps, costText, sessionChecks, signIns } from './measure.ts';
import { type Place, withNodes } from './nodes.ts';
import { type SeededUser, seedUsers } from './seed.ts';
import { row } from './table.ts';

const SIZES = [1_000, 100_000, 1_000_000];
/** Of each size: the same number of people is measured, whoever else is there. */
const DRIVEN = 9_000;
/** What runs first in a process pays for what the engine has to learn; this many of the driven are not counted. */
const WARM_UP = 1_000;
/** The lowest of so many runs: on a shared machine the others tell of the neighbours. */
const RUNS = 3;

/** Sign-in, code step and session check with more and more people in the database: each within 1.2 times the first. */
export async function growth(place: Place, count: number, { quick }: { quick: boolean }): Promise<void> {
  const first = new Map<string, number>();
  let there = 0;
  for (const size of quick ? SIZES.slice(0, 2) : SIZES) {
    const startedAt = performance.now();
    await place.change((env) => seedUsers(env, Math.max(0, size - there), { sessions: size - there, pendings: 0 }));
    const people = await place.change((env) => seedUsers(env, DRIVEN, { sessions: DRIVEN, pendings: DRIVEN }));
    there = size + DRIVEN;
    const users = size.toLocaleString('en');
    row(
      `${users} users beside the ${DRIVEN} measured`,
      `seeded in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`,
    );
    const costs = await withNodes(place, count, (nodes) => measure({ place, nodes, seconds: 60 }, people));
    for (const [name, cost] of costs) {
      const total = cost.cpuMs + (cost.databaseMs ?? 0);
      const base = first.get(name) ?? total;
      first.set(name, base);
      row(`${name}, ${users} users`, `${costText(cost)}, ${(total / base).toFixed(2)} times the first`);
    }
  }
}

async function measure(bench: Bench, people: readonly SeededUser[]): Promise<Map<string, Cost>> {
  const short = { ...bench, seconds: 3 };
  const half = WARM_UP / 2;
  await codeSteps(bench, people.slice(0, half), 'valid');
  await codeSteps(bench, people.slice(half, WARM_UP), 'wrong');
  await sessionChecks(short, people);
  const part = (DRIVEN - WARM_UP) / (2 * RUNS);
  const costs = new Map<string, Cost>();
  for (let run = 0; run < RUNS; run += 1) {
    const from = Math.floor(WARM_UP + run * 2 * part);
    const [valid, wrong] = [people.slice(from, from + part), people.slice(from + part, from + 2 * part)];
    keepLower(costs, 'code step, valid', await codeSteps(bench, valid, 'valid'));
    keepLower(costs, 'code step, wrong', await codeSteps(bench, wrong, 'wrong'));
    keepLower(costs, 'session check', await sessionChecks(short, people));
    keepLower(costs, 'complete sign-in', await signIns(bench, wrong.slice(0, 150), 8));
  }
  return costs;
}

function keepLower(costs: Map<string, Cost>, name: string, cost: Cost): void {
  const known = costs.get(name);
  if (known === undefined || cost.cpuMs < known.cpuMs) costs.set(name, cost);
}
