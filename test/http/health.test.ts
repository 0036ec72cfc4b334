import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NOW, openServer } from './server.ts';

async function readyz(db: NonNullable<Parameters<typeof openServer>[1]>['db'] = {}) {
  const server = await openServer([], { db });
  const ask = async () => {
    const answer = await server.get('/readyz');
    return JSON.parse(await answer.text());
  };
  return { ...server, ask };
}

async function addUnsealed(db: Awaited<ReturnType<typeof openServer>>['db'], at: number): Promise<void> {
  const nobody = { actor: null, subject: null, partner: null, request_id: null, client: null, client_digest: '' };
  const event = { id: 'event-1', at, action: 'backup.made', outcome: 'success', detail: '{}', batch: null, ...nobody };
  await db.transaction((tx) => tx.insertInto('audit_events').values(event).execute());
}

describe('readiness', () => {
  it('says which durability is in force', async () => {
    const durability = { level: 'failover', text: 'two copies' } as const;
    const { ask } = await readyz({ durability: async () => durability });
    assert.deepEqual(await ask(), { status: 'ready', reasons: [], durability });
  });

  it('goes when the clock of the database is more than five seconds away, either way', async () => {
    for (const [seconds, reasons] of [
      [5, []],
      [-5, []],
      [6, ['clock_drift']],
      [-6, ['clock_drift']],
    ] as const) {
      const { ask, get } = await readyz({ clockSeconds: async () => NOW + seconds });
      assert.deepEqual((await ask()).reasons, reasons, `${seconds}`);
      assert.equal((await get('/readyz')).status, reasons.length === 0 ? 200 : 503);
    }
  });

  it('goes when the database does not say its time', async () => {
    const { ask } = await readyz({ clockSeconds: () => Promise.reject(new Error('away')) });
    assert.deepEqual((await ask()).reasons, ['storage_unavailable']);
  });

  it('goes first when the server leaves', async () => {
    const { ask, app, get } = await readyz();
    app.shutdownState.isLeaving = true;
    assert.deepEqual((await ask()).reasons, ['stopping']);
    assert.equal((await get('/readyz')).status, 503);
    assert.equal((await get('/healthz')).status, 200);
  });

  it('stays, with a reason, when the clock has jumped', async () => {
    const { ask, app, get } = await readyz();
    app.shutdownState.clockJumped = () => true;
    assert.deepEqual((await ask()).reasons, ['clock_jumped']);
    assert.equal((await get('/readyz')).status, 200);
  });

  it('stays, with a reason, when the audit log is not sealed', async () => {
    const { ask, get, db } = await readyz();
    await addUnsealed(db, NOW - 60);
    assert.deepEqual((await ask()).reasons, []);
    await db.transaction((tx) =>
      tx
        .updateTable('audit_events')
        .set({ at: NOW - 61 })
        .execute(),
    );
    assert.deepEqual((await ask()).reasons, ['audit_not_sealed']);
    assert.equal((await get('/readyz')).status, 200);
  });
});

describe('the id of a request', () => {
  const sent = async (id: string, trustedProxies = '1') => {
    const { get } = await openServer([], { environment: { SALLYPORT_TRUSTED_PROXIES: trustedProxies } });
    const answer = await get('/api/v1/nothing', {}, { 'x-request-id': id, 'x-forwarded-for': '203.0.113.9' });
    const { requestId } = JSON.parse(await answer.text());
    assert.equal(answer.headers.get('x-request-id'), requestId);
    return requestId;
  };

  it('is the one that a trusted proxy gave, in the answer and in the problem', async () => {
    for (const id of [
      '01J9ZK3V',
      '4bf92f3577b34da6a3ce929d0e0e4736',
      '0b9c3f4e-1d52-4f6e-9a57-2f7d3f6f1c11',
      'x'.repeat(64),
    ]) {
      assert.equal(await sent(id), id);
    }
  });

  it('is a new one when it is too long, too short or could be something else', async () => {
    for (const id of ['x'.repeat(65), 'short', 'a b c d e f', 'ana@acme.example', '{"a":"b","c":1}', '<script>1']) {
      assert.match(await sent(id), /^[0-9a-f-]{36}$/, id);
    }
  });

  it('is a new one when no proxy is trusted', async () => {
    assert.match(await sent('01J9ZK3V', '0'), /^[0-9a-f-]{36}$/);
  });
});
