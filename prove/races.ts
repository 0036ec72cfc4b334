import { globSync } from 'node:fs';
import { run } from 'node:test';
import { startCluster } from '../test/databases/cluster.ts';
import type { DatabaseKind } from './storage.ts';

/**
 * The result of the one-time races and the model on one database. These are the suites of the tests, with more rounds.
 */
export type Raced = {
  readonly what: 'races' | 'model';
  readonly database: DatabaseKind;
  readonly rounds: number;
  readonly acknowledged: number;
  /** Names of the failed tests. Each one is an anomaly. */
  readonly failed: readonly string[];
};

type Suite = {
  readonly what: Raced['what'];
  readonly database: DatabaseKind;
  /** The setting of the suite that says how many rounds each race has, or how many sequences the model. */
  readonly setting: 'RACE_ROUNDS' | 'MODEL_SEQUENCES';
  readonly rounds: number;
};

const FOLDERS = { races: 'test/faults/races', model: 'test/model' } as const;

/** Hundreds of rounds in all. On PostgreSQL each statement takes a socket round trip. */
const SUITES: readonly Suite[] = [
  { what: 'races', database: 'sqlite', setting: 'RACE_ROUNDS', rounds: 20 },
  { what: 'races', database: 'postgres', setting: 'RACE_ROUNDS', rounds: 8 },
  { what: 'model', database: 'sqlite', setting: 'MODEL_SEQUENCES', rounds: 1500 },
  { what: 'model', database: 'postgres', setting: 'MODEL_SEQUENCES', rounds: 100 },
];

/** Runs the suites that `only` selects, with at most so many rounds, as for scenarios. */
export async function runRaces(only: string, roundsMost: number): Promise<Raced[]> {
  const chosen = SUITES.filter(({ what, database }) => `${database} ${what}`.includes(only));
  const cluster = chosen.some(({ database }) => database === 'postgres') ? await startCluster() : undefined;
  try {
    const raced: Raced[] = [];
    for (const suite of chosen) {
      const rounds = Math.min(suite.rounds, roundsMost);
      raced.push(tell(await runSuite({ ...suite, rounds }, cluster?.url('postgres'))));
    }
    return raced;
  } finally {
    await cluster?.remove();
  }
}

async function runSuite({ what, database, setting, rounds }: Suite, url: string | undefined): Promise<Raced> {
  const environment = {
    [setting]: String(rounds),
    ...(database === 'postgres' && { SALLYPORT_TEST_DATABASE: database, SALLYPORT_TEST_POSTGRES: url }),
  };
  // The test runner passes its own environment on.
  Object.assign(process.env, environment);
  const counts = { rounds: 0, acknowledged: 0 };
  const failed: string[] = [];
  const stream = run({ files: globSync(`${FOLDERS[what]}/*.test.ts`), concurrency: 1 });
  stream.on('test:fail', ({ name, details }) => {
    if (details.type !== 'suite') failed.push(name);
  });
  stream.on('test:diagnostic', ({ message }) => {
    counts.rounds += Number(/^(\d+) (?:rounds|sequences)/.exec(message)?.[1] ?? 0);
    counts.acknowledged += Number(/(\d+) ac(?:knowledged|ts)/.exec(message)?.[1] ?? 0);
  });
  for await (const _ of stream);
  for (const name of Object.keys(environment)) delete process.env[name];
  return { what, database, ...counts, failed };
}

function tell(raced: Raced): Raced {
  console.log(`${raced.database}, ${raced.what}: ${raced.rounds} rounds on two nodes`);
  for (const name of raced.failed) console.log(`  ${name}`);
  return raced;
}
