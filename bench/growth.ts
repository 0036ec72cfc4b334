import { setTimeout as wait } from 'node:timers/promises';
import { type Bench, type Cost, codeSteps, sessionChecks, signIns } from './measure.ts';
import { type DatabaseKind, openPlace, type Place, withNodes } from './processes/nodes.ts';
import { type SeededUser, seedUsers } from './seed.ts';
import { median, row } from './table.ts';

const SIZES = [1_000, 100_000, 1_000_000];
/** For each size the same number of people is measured, however many others exist. */
const DRIVEN = 9_000;
/** The first requests of a process pay for the warm-up of the engine, so this many of the driven are not counted. */
const WARM_UP = 1_000;
const ROUNDS = 5;
/** Lets the kernel and the database finish their work after the seeding. */
const SETTLE_MS = 20_000;

type Seeded = { readonly size: number; readonly place: Place; readonly people: readonly SeededUser[] };
type Site = Seeded & { readonly bench: Bench };
/** CPU per operation in milliseconds, nodes and database together, by name. */
type Costs = ReadonlyMap<string, number>;

/**
 * Sign-in, code step and session check with more and more people. Each must stay within 1.2 times the first size. The
 * databases of all sizes run at the same time and each round measures all of them, so that a change of the machine's
 * speed affects all sizes.
 */
export async function growth(kind: DatabaseKind, count: number, { quick }: { quick: boolean }): Promise<void> {
  const sizes = quick ? SIZES.slice(0, 2) : SIZES;
  const places: Place[] = [];
  try {
    for (const size of sizes) places.push(await placeOf(kind, size));
    const seeded: Seeded[] = [];
    for (const [index, place] of places.entries()) {
      const people = await place.change((env) => seedUsers(env, DRIVEN, { sessions: DRIVEN, pendings: DRIVEN }));
      seeded.push({ size: sizes[index] ?? 0, place, people });
    }
    await withSites(seeded, count, async (sites) => {
      await wait(SETTLE_MS);
      await compare(sites);
    });
  } finally {
    for (const place of places) await place.remove();
  }
}

async function placeOf(kind: DatabaseKind, size: number): Promise<Place> {
  const startedAt = performance.now();
  const place = await openPlace(kind);
  await place.change((env) => seedUsers(env, size, { sessions: size, pendings: 0 }));
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  row(`${named(size)} beside the ${DRIVEN} measured`, `seeded in ${seconds} s`);
  return place;
}

/** Runs the nodes of all places at the same time. */
function withSites(seeded: readonly Seeded[], count: number, work: (sites: Site[]) => Promise<void>): Promise<void> {
  const [one, ...others] = seeded;
  if (!one) return work([]);
  const { place } = one;
  return withNodes(place, count, (nodes) =>
    withSites(others, count, (rest) => work([{ ...one, bench: { place, nodes, seconds: 60 } }, ...rest])),
  );
}

async function compare(sites: readonly Site[]): Promise<void> {
  for (const site of sites) await measure(site, [0, WARM_UP]);
  const part = Math.floor((DRIVEN - WARM_UP) / ROUNDS);
  const rounds: Costs[][] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const costs: Costs[] = [];
    const from = WARM_UP + round * part;
    // Each round begins with a different size.
    const [turns, first] = [[...sites.entries()], round % sites.length];
    for (const [index, site] of [...turns.slice(first), ...turns.slice(0, first)]) {
      costs[index] = await measure(site, [from, from + part]);
    }
    rounds.push(costs);
  }
  for (const [index, { size }] of sites.entries()) {
    for (const name of rounds[0]?.[index]?.keys() ?? []) row(`${name}, ${named(size)}`, figureOf(rounds, index, name));
  }
}

async function measure({ bench, people }: Site, [from, to]: [number, number]): Promise<Costs> {
  const half = Math.floor((from + to) / 2);
  const [valid, wrong] = [people.slice(from, half), people.slice(half, to)];
  return new Map([
    ['code step, valid', totalOf(await codeSteps(bench, valid, 'valid'), 200)],
    ['code step, wrong', totalOf(await codeSteps(bench, wrong, 'wrong'), 422)],
    ['session check', totalOf(await sessionChecks({ ...bench, seconds: 3 }, people), 200)],
    ['complete sign-in', totalOf(await signIns(bench, wrong.slice(0, 150), 8), 200)],
  ]);
}

/** A refusal is cheaper than the operation to measure. */
function totalOf({ load, cpuMs, databaseMs }: Cost, expected: number): number {
  if (load.statuses.get(expected) !== load.done) throw new Error(`not all answered ${expected}: ${[...load.statuses]}`);
  return cpuMs + (databaseMs ?? 0);
}

/** The median of the rounds, and the median, minimum and maximum of the ratios to the first size in the same round. */
function figureOf(rounds: readonly Costs[][], index: number, name: string): string {
  const costs = rounds.map((round) => round[index]?.get(name) ?? 0);
  const ratios = rounds.map((round, at) => (costs[at] ?? 0) / (round[0]?.get(name) ?? 1));
  const [middle, low, high] = [median(ratios), Math.min(...ratios), Math.max(...ratios)].map((one) => one.toFixed(2));
  return `${median(costs).toFixed(3)} ms CPU, ${middle} times the first (${low} to ${high})`;
}

function named(size: number): string {
  return `${size.toLocaleString('en')} users`;
}
