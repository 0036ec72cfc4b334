import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { closeServers } from '../../prove/database.ts';
import { hasCompiler } from '../../prove/power-cut/disk.ts';
import { isCaught, runScenario } from '../../prove/run-scenario.ts';
import { NEGATIVE_CONTROLS, SCENARIOS, type Scenario } from '../../prove/scenarios.ts';
import { KIND } from '../databases/open.ts';

const NO_COMPILER = hasCompiler() ? false : 'gcc is missing, and the disk that forgets needs it';

/** The test command runs every file on each database. */
function isMine({ service, rounds }: Scenario): boolean {
  return service.database === KIND && rounds.short > 0;
}

after(closeServers);

async function runShort(scenario: Scenario) {
  const seed = randomInt(2 ** 32);
  const result = await runScenario(scenario, { rounds: scenario.rounds.short, seed });
  return { ...result, seed };
}

describe('nothing acknowledged is lost and nothing is used twice', () => {
  for (const scenario of SCENARIOS.filter(isMine)) {
    test(scenario.name, { skip: scenario.service.onDisk && NO_COMPILER }, async (t) => {
      const { seed, acknowledged, unknown, findings } = await runShort(scenario);
      t.diagnostic(`seed ${seed}: ${acknowledged} acknowledged, ${unknown} unknown`);
      assert.ok(acknowledged > 0, 'somebody was answered');
      assert.deepEqual(findings, [], `seed ${seed}`);
    });
  }
});

describe('a product broken on purpose is caught', () => {
  for (const control of NEGATIVE_CONTROLS.filter(isMine)) {
    test(control.name, { skip: control.service.onDisk && NO_COMPILER }, async () => {
      const { findings } = await runShort(control);
      assert.ok(isCaught(control, findings), `${control.caughtBy} was not found among ${JSON.stringify(findings)}`);
    });
  }
});
