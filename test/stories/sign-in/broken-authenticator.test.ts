import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ANA, authenticatorOf, breakSecret, openWithEnrolledAna } from '../../story.ts';
import { PASSWORD, type World } from '../../world.ts';

describe('an authenticator that does not work', () => {
  const broken: Readonly<Record<string, (world: World, userId: string) => Promise<void>>> = {
    'that does not decrypt': breakSecret,
    'that is disabled': (world, userId) => setTries(world, userId, { row: 50, windows: [[], []] }),
    'that is paused': (world, userId) =>
      setTries(world, userId, { row: 0, windows: [[[Math.floor(world.clock.at / 3600), 20]], []] }),
  };
  for (const [name, breakIt] of Object.entries(broken)) {
    it(`still counts as enrolled: one ${name}`, async (t) => {
      const { world, ana, codes } = await openWithEnrolledAna(t, { policy: 'optional' });
      await breakIt(world, ana.id);
      const { body } = await world.api('POST', '/api/v1/sign-in', { email: ANA, password: PASSWORD });
      assert.equal(body.state, 'second_factor_required');
      assert.deepEqual(body.methods, ['recovery_code'], 'names only what works');
      for (const call of ['enrollment', 'enrollment/skip']) {
        const refused = await world.api('POST', `/api/v1/sign-in/${call}`, {}, String(body.pendingToken));
        assert.equal(refused.body.code, 'forbidden', call);
      }
      const browser = world.person();
      assert.equal((await browser.signIn(ANA)).location, '/sign-in/one-time-code');
      assert.equal((await browser.get('/enroll')).location, '/sign-in/one-time-code');
      const opened = await browser.post('/sign-in/recovery-code', { code: codes[3] ?? '' });
      assert.equal(opened.location, '/sign-in/notice');
      assert.match((await browser.get('/security/authenticator')).text, /Get Started/);
    });
  }
});

async function setTries(world: World, userId: string, tries: object): Promise<void> {
  const id = (await authenticatorOf(world, userId))?.id;
  const state = JSON.stringify({ ...tries, expiresAt: 253_402_300_799 });
  const row = { key: `code:${id}:unknown`, state, version: 1, expires_at: 253_402_300_799 };
  await world.env.db.transaction(async (tx) => {
    await tx.deleteFrom('attempts').where('key', '=', row.key).execute();
    await tx.insertInto('attempts').values(row).execute();
  });
}
