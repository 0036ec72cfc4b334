import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { AGAINST_SIGN_INS } from './against-sign-ins.ts';
import { openRace, ROUNDS } from './race-world.ts';

const race = await openRace({ after });
afterEach((t) => 'diagnostic' in t && t.diagnostic(race.report()));

/** The change comes at once, or a little later: among the first commits of the sign-ins, or among their last. */
const LATER_MILLISECONDS = [0, 2, 5, 10];

describe('at the same moment, nothing that was to end is left after', () => {
  for (const { name, arrange } of AGAINST_SIGN_INS) {
    test(name, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const { requests, change, afterwards } = await arrange(race);
        const answers = await race.send(requests, async () => {
          await wait(LATER_MILLISECONDS[round % LATER_MILLISECONDS.length]);
          await change();
        });
        // 503: another confirmation of the same set-up is at work.
        assert.ok(answers.every(({ status }) => status >= 200 && (status < 500 || status === 503)));
        await afterwards();
      }
    });
  }
});
