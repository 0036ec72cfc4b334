import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openPostgres } from '#store/engine/postgres/open.ts';
import type { Cluster } from '../../../databases/cluster.ts';
import { type OwnDatabase, ownDatabase } from '../../../databases/own.ts';
import { addStandby, promote, STANDBY, startPrimary, waitFor } from '../../../databases/replication.ts';

describe('a standby of PostgreSQL', () => {
  let primary: Cluster;
  let standby: Cluster;
  before(async () => {
    primary = await startPrimary(['synchronous_commit = on']);
    standby = await addStandby(primary);
  });
  after(async () => {
    await standby.remove();
    await primary.remove();
  });
  const onStandby = ({ name }: OwnDatabase) => openPostgres(standby.url(name), { create: true, connections: 2 });

  it('shows in what an acknowledged change survives', async (t) => {
    const own = await ownDatabase(t, primary.url('postgres'));
    const db = await own.open();
    assert.deepEqual(await db.durability(), {
      level: 'server',
      text: 'flushed on the primary alone: a failover may lose changes',
    });
    await waitFor(primary, STANDBY);
    assert.deepEqual(await db.durability(), { level: 'failover', text: 'flushed on 1 synchronous standby too' });
    const looser = await own.open('synchronous_commit=remote_write');
    assert.equal((await looser.durability()).level, 'server');
    await waitFor(primary, 'nobody');
    assert.deepEqual(await db.durability(), {
      level: 'failover',
      text: 'no synchronous standby is connected: every COMMIT waits for one',
    });
    await waitFor(primary, STANDBY);
    const off = await own.open('synchronous_commit=off');
    assert.equal((await off.durability()).level, 'none');
  });

  it('is refused, and taken from the moment that it is the primary', async (t) => {
    const own = await ownDatabase(t, primary.url('postgres'));
    const db = await own.open();
    await db.transaction((tx) =>
      tx.insertInto('attempts').values({ key: 'a', state: '{}', version: 0, expires_at: 1 }).execute(),
    );
    // Its data is readable, but may become outdated.
    await assert.rejects(onStandby(own), /cannot be used: .*the server is a standby/);
    await primary.stop('SIGKILL');
    await assert.rejects(onStandby(own), /the server is a standby/);
    await waitFor(standby, '');
    await promote(standby);
    const after = await onStandby(own);
    t.after(() => after.close());
    const rows = await after.read.selectFrom('attempts').select('key').execute();
    assert.deepEqual(rows, [{ key: 'a' }], 'what was acknowledged is there');
  });
});
