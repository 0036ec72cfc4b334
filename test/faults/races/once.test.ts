import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';
import { ONCE_ONLY } from './once-only.ts';
import { openRace, ROUNDS } from './race-world.ts';

const race = await openRace({ after });
afterEach((t) => 'diagnostic' in t && t.diagnostic(race.report()));

describe('sent fifty times at once', () => {
  for (const { name, arrange } of ONCE_ONLY) {
    test(`${name} works once`, async () => {
      for (let round = 1; round <= ROUNDS; round++) {
        const { requests, wins, afterwards } = await arrange(race);
        const answers = await race.send(requests);
        const statuses = Object.entries(Object.groupBy(answers, ({ status }) => status)).map(
          ([status, all]) => `${status}: ${all?.length}`,
        );
        assert.equal(await wins(answers), 1, `round ${round}: ${statuses.join(', ')}`);
        // 503: another confirmation of the same set-up runs.
        assert.ok(
          answers.every(({ status }) => status !== 0 && (status < 500 || status === 503)),
          statuses.join(', '),
        );
        // A form that was refused because of its token did not take part.
        assert.ok(answers.every(({ text }) => !text.includes('This page was out of date')));
        await afterwards?.(answers);
      }
    });
  }
});
