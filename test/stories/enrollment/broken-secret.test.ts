import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ANA, openWithAna, startEnrollment } from '../../story.ts';

it('a shown secret that does not decrypt is over, and a new one is the way on', async (t) => {
  const { world } = await openWithAna(t);
  const browser = world.person();
  await browser.signIn(ANA);
  const lost = await startEnrollment(browser);
  await world.env.db.transaction((tx) => tx.updateTable('enrollments').set({ sealed_secret: 'v1.k1.x.y' }).execute());
  assert.equal((await browser.get('/enroll/authenticator')).location, '/enroll');
  const fresh = await startEnrollment(browser);
  assert.notEqual(fresh, lost);
  const confirmed = await browser.post('/enroll/authenticator', { code: world.totp(fresh) });
  assert.equal(confirmed.location, '/enroll/recovery-codes');
});

it('a copy of recovery codes that does not decrypt is erased, and nobody is led in a circle', async (t) => {
  const { world } = await openWithAna(t);
  const browser = world.person();
  await browser.signIn(ANA);
  const secret = await startEnrollment(browser);
  await browser.post('/enroll/authenticator', { code: world.totp(secret) });
  await world.env.db.transaction((tx) =>
    tx.updateTable('recovery_code_sets').set({ sealed_copy: 'v1.k1.x.y' }).execute(),
  );
  assert.equal((await browser.get('/enroll/recovery-codes')).location, '/');
  assert.equal((await browser.get('/')).status, 200);
  assert.equal((await browser.get('/security/recovery-codes')).status, 200, 'new ones can be made');
});
