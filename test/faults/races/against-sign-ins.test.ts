import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { KIND } from '../../databases/open.ts';
import { AGAINST_SIGN_INS } from './against-sign-ins.ts';
import { openRace, ROUNDS } from './race-world.ts';

const race = await openRace({ after });
afterEach((t) => 'diagnostic' in t && t.diagnostic(race.report()));

/**
 * The change starts this many turns of the event loop after the last bytes: before the first sign-in is read, between
 * its read and its commit, during the commits, or after them.
 */
const TURNS_LATER = [1, 3, 0, 2, 5, 8, 4, 13];
/** A transaction of SQLite ends within a turn. One of PostgreSQL waits for the network many times. */
const TURNS_EACH = KIND === 'postgres' ? 15 : 1;

describe('at the same moment, nothing that was to end is left after', () => {
  for (const { name, arrange } of AGAINST_SIGN_INS) {
    test(name, async () => {
      for (let round = 0; round < 2 * ROUNDS; round++) {
        const { requests, change, afterwards } = await arrange(race);
        const answers = await race.send(requests, async () => {
          const turns = TURNS_EACH * (TURNS_LATER[round % TURNS_LATER.length] ?? 0);
          for (let turn = 0; turn < turns; turn++) await nextTurn();
          await change();
        });
        // 503: another confirmation of the same set-up runs.
        assert.ok(answers.every(({ status }) => status >= 200 && (status < 500 || status === 503)));
        await afterwards(answers);
      }
    });
  }
});
