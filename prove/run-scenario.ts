import { join } from 'node:path';
import type { Finding } from './checker/finding.ts';
import { checkHistory } from './checker/history.ts';
import { probe } from './checker/probes.ts';
import { checkRecords, neverDone } from './checker/records.ts';
import { type Driver, openDriver } from './driver.ts';
import { isAcknowledged, isUnknown, openJournal, readJournal } from './journal.ts';
import { play } from './parts.ts';
import { type Person, seedPeople } from './people.ts';
import { chanceOf } from './random.ts';
import type { Scenario } from './scenarios.ts';
import { openService } from './service.ts';

/** One line of the table. */
export type Result = {
  readonly scenario: Scenario;
  readonly rounds: number;
  readonly faults: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly findings: readonly Finding[];
  /** Pages that power cuts lost: written but never synced. */
  readonly lostPages: number;
  readonly seconds: number;
};

/** Rounds of load, fault, recovery and checks, then the whole journal against the whole database. */
export async function runScenario(
  scenario: Scenario,
  { rounds, seed }: { readonly rounds: number; readonly seed: number },
): Promise<Result> {
  const startedAt = performance.now();
  const chance = chanceOf(seed);
  const service = await openService(scenario.service);
  const journal = openJournal(join(service.folder, 'journal.jsonl'));
  const findings: Finding[] = [];
  const done = { rounds: 0, faults: 0 };
  try {
    const groups = await seedPeople(service, new Array(rounds).fill(scenario.parts));
    service.disk?.settle();
    await service.start();
    const driver = openDriver(service, journal);
    for (const people of groups) {
      await scenario.before?.(service, chance);
      const driven = play(driver, people, chanceOf(chance.below(2 ** 32)), scenario.spreadMs);
      done.faults += await scenario.fault(service, chance, driven);
      await driven;
      done.rounds += 1;
      findings.push(...(await probeAll(driver, people)));
      // A negative control ends at its first expected finding.
      if (isCaught(scenario, [...findings, ...checkHistory(readJournal(journal.path))])) break;
    }
    const whole = readJournal(journal.path);
    findings.push(...checkHistory(whole), ...(scenario.doesAll ? neverDone(whole) : []));
    if (!isCaught(scenario, findings)) findings.push(...(await checkRecords(service, groups.flat(), whole)));
    return {
      ...{ scenario, ...done, findings, lostPages: service.disk?.lostPages() ?? 0 },
      ...{ acknowledged: whole.filter(isAcknowledged).length, unknown: whole.filter(isUnknown).length },
      seconds: (performance.now() - startedAt) / 1000,
    };
  } finally {
    journal.close();
    await service.close();
  }
}

async function probeAll(driver: Driver, people: readonly Person[]): Promise<readonly Finding[]> {
  const written = readJournal(driver.journal.path);
  return (await Promise.all(people.map((person) => probe(driver, person, written)))).flat();
}

/** Whether this is a negative control and the checker found what it must find. */
export function isCaught({ caughtBy }: Scenario, findings: readonly Finding[]): boolean {
  return findings.some(({ invariant }) => invariant === caughtBy);
}

/** The expected result: no finding, or the required one in a negative control. */
export function isProven({ scenario, findings }: Pick<Result, 'scenario' | 'findings'>): boolean {
  return scenario.caughtBy === undefined ? findings.length === 0 : isCaught(scenario, findings);
}
