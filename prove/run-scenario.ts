import { join } from 'node:path';
import type { Finding } from './checker/finding.ts';
import { checkHistory } from './checker/history.ts';
import { probe } from './checker/probes.ts';
import { checkRecords } from './checker/records.ts';
import { openDriver } from './driver.ts';
import { isAcknowledged, isUnknown, openJournal, readJournal } from './journal.ts';
import { play } from './parts.ts';
import { seedPeople } from './people.ts';
import { type Chance, chanceOf } from './random.ts';
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
  /** By power cuts: written, not synced, gone. */
  readonly lostPages: number;
  readonly seconds: number;
};

export type Run = {
  readonly rounds: number;
  readonly seed: number;
  /** A negative control has said what it had to say with the first finding. */
  readonly endsAtFinding: boolean;
};

/** Rounds of load, fault, recovery and questions; then the whole journal against the whole database. */
export async function runScenario(scenario: Scenario, { rounds, seed, endsAtFinding }: Run): Promise<Result> {
  const startedAt = performance.now();
  const chance = chanceOf(seed);
  const service = await openService(scenario.service);
  const journal = openJournal(join(service.folder, 'journal.jsonl'));
  const findings: Finding[] = [];
  const done = { rounds: 0, faults: 0 };
  try {
    const groups = await seedPeople(
      service,
      Array.from({ length: rounds }, () => scenario.parts),
    );
    service.disk?.settle();
    await service.start();
    const driver = openDriver(service, journal);
    for (const people of groups) {
      const driven = play(driver, people, chanceOf(chance.below(2 ** 32)), scenario.spreadMs);
      done.faults += await scenario.fault(service, chance, driven);
      await driven;
      done.rounds += 1;
      const written = readJournal(journal.path);
      for (const found of await Promise.all(people.map((person) => probe(driver, person, written)))) {
        findings.push(...found);
      }
      if (endsAtFinding && [...findings, ...checkHistory(readJournal(journal.path))].length > 0) break;
    }
    const whole = readJournal(journal.path);
    findings.push(...checkHistory(whole));
    if (!endsAtFinding || findings.length === 0) findings.push(...(await checkRecords(service, groups.flat(), whole)));
    const acknowledged = whole.filter(isAcknowledged).length;
    const unknown = whole.filter(isUnknown).length;
    const seconds = (performance.now() - startedAt) / 1000;
    const lostPages = service.disk?.lostPages() ?? 0;
    return { scenario, ...done, acknowledged, unknown, findings, lostPages, seconds };
  } finally {
    journal.close();
    await service.close();
  }
}

export function seedsOf(seed: number): () => number {
  const chance: Chance = chanceOf(seed);
  return () => chance.below(2 ** 32);
}
