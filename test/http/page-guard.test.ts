import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { settled } from '../databases/settled.ts';
import { addSession, NOW, openServer, tokenOf } from './server.ts';
import { openPages, PAGES } from './test-pages.ts';

let server: Awaited<ReturnType<typeof openPages>>;
before(async () => {
  server = await openPages();
});

describe('the guard of a page', () => {
  it('sends a stranger to sign in, with the way back', async () => {
    const response = await server.get('/mine?tab=2&x=%2F');
    assert.equal(response.status, 303);
    assert.equal(response.headers.get('location'), '/sign-in?return_to=%2Fmine%3Ftab%3D2%26x%3D%252F');
  });

  it('answers a form of a stranger with 401 and a link to sign in', async () => {
    const response = await server.post('/mine', {});
    assert.equal(response.status, 401);
    assert.match(await response.text(), /href="\/sign-in"/);
  });

  for (const name of ['idle', 'ended', 'api', 'never', 'short']) {
    it(`takes a session cookie for none: ${name}`, async () => {
      const value = name === 'short' ? 'x' : tokenOf(name);
      assert.equal((await server.get('/mine', { session: value })).status, 303);
    });
  }

  it('lets a live session in and says who it is', async () => {
    const { body } = await server.open('/mine', { session: tokenOf('live') });
    assert.deepEqual(body.signedIn, { name: 'Ana', email: 'ana@acme.example' });
  });

  it('lets a live pending sign-in in, and no session instead of it', async () => {
    await server.open('/second', { pending: tokenOf('live') });
    const response = await server.get('/second', { pending: tokenOf('over'), session: tokenOf('live') });
    assert.equal(response.headers.get('location'), '/portal');
  });

  it('sends a finished pending sign-in where it went, for GET and POST', async () => {
    for (const response of [
      await server.get('/second', { pending: tokenOf('done') }),
      await server.post('/second', {}, { pending: tokenOf('done') }),
    ]) {
      assert.equal(response.status, 303);
      assert.equal(response.headers.get('location'), '/finished');
    }
  });

  it('sends everybody else to sign in, and says that the cookie of a form of it is gone', async () => {
    assert.equal((await server.get('/second')).headers.get('location'), '/sign-in');
    assert.equal((await server.post('/second', {})).headers.get('location'), '/sign-in?lost');
    // It arrived, but its sign-in has ended, so nothing is lost.
    const over = await server.post('/second', {}, { pending: tokenOf('nobody') });
    assert.equal(over.headers.get('location'), '/sign-in');
  });

  it('asks for a step-up and remembers the page', async () => {
    const response = await server.get('/grave?a=1', { session: tokenOf('live') });
    assert.equal(response.headers.get('location'), '/step-up');
    const row = await server.db.read
      .selectFrom('sessions')
      .select('step_up_to')
      .where('id', '=', 'session-live')
      .executeTakeFirstOrThrow();
    assert.equal(row.step_up_to, '/grave?a=1');
  });

  it('refuses a form without a step-up with 403 and a link', async () => {
    const response = await server.post('/grave', {}, { session: tokenOf('live') });
    assert.equal(response.status, 403);
    assert.match(await response.text(), /href="\/step-up"/);
    await server.open('/grave', { session: tokenOf('stepped') });
  });

  it('leads back to recovery codes that wait, from everywhere but their page and sign-out', async () => {
    const waiting = await openServer(PAGES);
    await addSession(waiting.db, 'fresh', { second_factor_at: NOW - 60 });
    await addSession(waiting.db, 'old', { second_factor_at: NOW - 601 });
    const set = { id: 's', user_id: 'user-1', created_at: NOW, sealed_copy: 'x', copy_expires_at: NOW + 1 };
    await waiting.db.transaction((tx) => tx.insertInto('recovery_code_sets').values(set).execute());
    const response = await waiting.get('/mine', { session: tokenOf('fresh') });
    assert.equal(response.headers.get('location'), '/enroll/recovery-codes');
    assert.equal((await waiting.get('/enroll/recovery-codes', { session: tokenOf('fresh') })).status, 200);
    assert.equal((await waiting.post('/sign-out', {}, { session: tokenOf('fresh') })).status, 403);
    assert.equal((await waiting.get('/mine', { session: tokenOf('old') })).status, 200);
  });

  it('notes the use of a session at most once a minute', async () => {
    const seenAt = async (name: string, lastSeenAt: number): Promise<number> => {
      await addSession(server.db, name, { last_seen_at: lastSeenAt });
      await server.open('/mine', { session: tokenOf(name) });
      await settled(server.db);
      const query = server.db.read.selectFrom('sessions').select('last_seen_at').where('id', '=', `session-${name}`);
      return (await query.executeTakeFirstOrThrow()).last_seen_at;
    };
    assert.equal(await seenAt('touch59', NOW - 59), NOW - 59);
    assert.equal(await seenAt('touch60', NOW - 60), NOW);
  });
});
