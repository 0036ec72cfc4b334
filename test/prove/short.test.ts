import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { closeServers } from '../../prove/database.ts';
import { isCaught, runScenario } from '../../prove/run-scenario.ts';
import { NEGATIVE_CONTROLS, SCENARIOS, type Scenario } from '../../prove/scenarios.ts';
import { missingFor } from '../../prove/service.ts';
import { KIND } from '../databases/open.ts';

/** The test command runs every file on each database, so each run takes its part. */
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
    test(scenario.name, { skip: missingFor(scenario.service) }, async (t) => {
      const { seed, acknowledged, unknown, findings } = await runShort(scenario);
      t.diagnostic(`seed ${seed}: ${acknowledged} acknowledged, ${unknown} unknown`);
      assert.ok(acknowledged > 0, 'somebody was answered');
      assert.deepEqual(findings, [], `seed ${seed}`);
    });
  }
});

describe('a product broken on purpose is caught', () => {
  for (const control of NEGATIVE_CONTROLS.filter(isMine)) {
    test(control.name, { skip: missingFor(control.service) }, async () => {
      const { findings } = await runShort(control);
      assert.ok(isCaught(control, findings), `${control.caughtBy} was not found among ${JSON.stringify(findings)}`);
    });
  }
});
