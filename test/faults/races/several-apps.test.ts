import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';
import { wrongCode } from '../../security/limits/limits-story.ts';
import { call, openRace, ROUNDS, sessionsOpened, times } from './race-world.ts';

const race = await openRace({ after });
afterEach((t) => 'diagnostic' in t && t.diagnostic(race.report()));

/** A person with two apps, and the code that each of them shows. */
async function newRacerWithTwo() {
  const racer = await race.newRacer();
  const other = await race.addAuthenticator(racer.id, 2);
  return { ...racer, codes: [race.totp(racer.secret), race.totp(other)] };
}

describe('the codes of two apps, sent at the same moment', () => {
  test('sign in once on one pending sign-in', async () => {
    for (let round = 1; round <= ROUNDS; round++) {
      const { id, email, codes } = await newRacerWithTwo();
      const [token] = await race.pendingTokens(email, 1);
      const calls = codes.map((code) => call('/sign-in/one-time-code', { code }, token));
      assert.equal(sessionsOpened(await race.send(times(50, ...calls))), 1);
      assert.equal((await race.sessionsOf(id)).length, 1);
      const used = (await race.eventsOf(id, 'sign_in.code_accepted')).length;
      assert.equal(used, 1, 'the code that signed nobody in is not used up');
    }
  });

  test('are each accepted once, over two sign-ins each', async () => {
    for (let round = 1; round <= ROUNDS; round++) {
      const { id, email, codes } = await newRacerWithTwo();
      const tokens = await race.pendingTokens(email, 4);
      // Four tries need no wait, so every one is compared.
      const calls = tokens.map((token, index) =>
        call('/sign-in/one-time-code', { code: String(codes[index % 2]) }, token),
      );
      const answers = await race.send(calls);
      assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 200, 422, 422]);
      assert.equal((await race.sessionsOf(id)).length, 2);
      const refused = await race.eventsOf(id, 'sign_in.code_refused');
      assert.deepEqual(
        refused.map(({ detail }) => detail.reason),
        ['code_already_used', 'code_already_used'],
      );
    }
  });
});

test('two hundred wrong codes at once, for two apps: as many are compared as for one', async () => {
  for (let round = 1; round <= ROUNDS; round++) {
    const racer = await race.newRacer();
    await race.addAuthenticator(racer.id, 2);
    const tokens = await race.pendingTokens(racer.email, 10);
    const code = wrongCode(race, racer.secret);
    const calls = tokens.map((token) => call('/sign-in/one-time-code', { code }, token));
    const answers = await race.send(times(200, ...calls));
    assert.equal(answers.filter(({ status }) => status === 422).length, 5);
    assert.equal(answers.filter(({ status }) => status === 429).length, 195);
  }
});
