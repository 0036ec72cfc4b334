import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import pg from 'pg';
import { openPostgres } from '#store/engine/postgres/open.ts';
import { serverUrl } from '../../../databases/open.ts';
import { ask, ownDatabase } from '../../../databases/own.ts';
import { type Bouncer, makeBouncerReady, startBouncer } from '../../../databases/pgbouncer.ts';

const missing = makeBouncerReady();
const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
/** Stories of enrollment, codes and recovery codes, and every one-time value sent fifty times at once. */
const THROUGH_IT = [
  ...['enrollment/enrollment', 'sign-in/one-time-code', 'sign-in/recovery-code'].map(
    (name) => `test/stories/${name}.test.ts`,
  ),
  'test/faults/races/once.test.ts',
];

describe('PgBouncer in transaction mode', { skip: missing ?? false }, () => {
  let bouncer: Bouncer;
  /** One server connection: the next client gets the one that we have used. */
  let narrow: Bouncer;
  before(async () => {
    const server = await serverUrl('postgres');
    bouncer = await startBouncer(server, 5);
    narrow = await startBouncer(server, 1);
  });
  after(() => Promise.all([bouncer.remove(), narrow.remove()]));

  it('hands our connection to somebody else without our limits', async (t) => {
    const own = await ownDatabase(t, await serverUrl('postgres'));
    const db = await openPostgres(narrow.url(own.name), { create: true, connections: 5 });
    t.after(() => db.close());
    const ours = await db.transaction(async (tx) => {
      const { rows } = await sql<Limits>`select pg_backend_pid() as pid, ${LIMITS}`.execute(tx);
      return rows[0];
    });
    const other = new pg.Client({ connectionString: narrow.url(own.name) });
    await other.connect();
    const { rows } = await other.query<Limits>(`select pg_backend_pid() as pid, ${LIMIT_COLUMNS}`);
    await other.end();
    assert.deepEqual(rows, [{ pid: ours?.pid, statement: '0', lock: '0', idle: '0' }], 'the same connection');
    assert.deepEqual(ours, { pid: ours?.pid, statement: '5s', lock: '4s', idle: '10s' });
  });

  it('runs again what it cut', async (t) => {
    const own = await ownDatabase(t, await serverUrl('postgres'));
    const db = await openPostgres(bouncer.url(own.name), { create: true, connections: 5 });
    t.after(() => db.close());
    let runs = 0;
    await db.transaction(async (tx) => {
      runs += 1;
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
      if (runs === 1) await ask(own.url(), 'select pg_terminate_backend($1)', [rows[0]?.pid]);
      await tx.selectFrom('users').select('id').execute();
    });
    assert.equal(runs, 2);
  });

  it('carries the stories of a sign-in, and the races for everything that works once', async (t) => {
    const environment = {
      ...process.env,
      SALLYPORT_TEST_DATABASE: 'postgres',
      SALLYPORT_TEST_POSTGRES: await serverUrl('postgres'),
      SALLYPORT_TEST_POOLER: bouncer.url('postgres'),
      RACE_ROUNDS: '1',
      // A separate test run, not a part of this one.
      NODE_TEST_CONTEXT: undefined,
    };
    const { code, said } = await runTests(THROUGH_IT, environment);
    assert.equal(code, 0, said);
    const passed = Number(/^ℹ pass (\d+)$/m.exec(said)?.[1]);
    t.diagnostic(`${passed} tests by way of PgBouncer`);
    assert.ok(passed > 40, said);
  });
});

type Limits = { pid: number; statement: string; lock: string; idle: string };

const LIMIT_COLUMNS = [
  "current_setting('statement_timeout') as statement",
  "current_setting('lock_timeout') as lock",
  "current_setting('idle_in_transaction_session_timeout') as idle",
].join(', ');
const LIMITS = sql.raw(LIMIT_COLUMNS);

function runTests(files: readonly string[], env: NodeJS.ProcessEnv): Promise<{ code: number | null; said: string }> {
  return new Promise((resolve) => {
    const args = ['--test', '--test-reporter=spec', '--test-concurrency=2', ...files];
    const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    child.once('close', (code) => resolve({ code, said }));
  });
}
