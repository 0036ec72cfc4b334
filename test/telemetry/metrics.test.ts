import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { METRICS, type Metric, metricsDocument } from '#telemetry/metrics-table.ts';
import { freePort, launch, openFolder, run } from '../cli/command-line.ts';
import { KIND, newDatabaseSettings } from '../databases/open.ts';

const PASSWORD = 'lantern otter velvet 9';

describe('metrics', () => {
  let text = '';
  let publicAnswer = 0;
  let others: number[] = [];

  before(async () => {
    const { folder } = openFolder({ after: (done) => process.once('exit', done) });
    const environment = await newDatabaseSettings(folder);
    const [port, metricsPort] = [String(await freePort()), String(await freePort())];
    const settings = { ...environment, PORT: port, SALLYPORT_METRICS_PORT: metricsPort };
    const server = await launch({ after: (done) => process.once('exit', done) }, ['serve'], settings);
    await run(['partner', 'add', 'Acme Telecom', '--mfa', 'off'], settings);
    await run(['user', 'add', 'ana@acme.example', '--partner', 'acme-telecom', '--password-stdin'], settings, PASSWORD);
    const signIn = (email: string, password: string) =>
      fetch(`${server.url}/api/v1/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email, password }),
      });
    const statuses = [];
    statuses.push((await signIn('ana@acme.example', PASSWORD)).status);
    statuses.push((await signIn('ana@acme.example', `${PASSWORD}!`)).status);
    statuses.push((await signIn('nobody@acme.example', PASSWORD)).status);
    assert.deepEqual(statuses, [200, 401, 401]);
    await fetch(`${server.url}/password/${'s3cretToken'.repeat(4).slice(0, 43)}`);
    publicAnswer = (await fetch(`${server.url}/metrics`)).status;
    const own = `http://127.0.0.1:${metricsPort}`;
    others = [(await fetch(`${own}/`)).status, (await fetch(`${own}/metrics`, { method: 'POST' })).status];
    text = await (await fetch(`${own}/metrics`)).text();
    assert.equal((await server.stop()).code, 0);
  });

  /** The value of one series, with its Prometheus name. */
  const value = (series: string): number | undefined => {
    const line = text.split('\n').find((each) => each.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  };

  test('sign-ins are counted by outcome and refusals by reason', () => {
    assert.equal(value('sallyport_sign_ins_total{outcome="completed"}'), 1);
    assert.equal(value('sallyport_sign_ins_total{outcome="password_refused"}'), 2);
    assert.equal(value('sallyport_sign_ins_total{outcome="code_refused"}'), 0);
    const refusals = 'sallyport_refusals_total{action="sign_in.password_refused"';
    assert.equal(value(`${refusals},reason="wrong_password"}`), 1);
    assert.equal(value(`${refusals},reason="unknown_email"}`), 1);
  });

  test('requests are counted by the pattern of their route', () => {
    const calls = 'sallyport_http_requests_total{method="POST",route="/api/v1/sign-in"';
    assert.equal(value(`${calls},status="200"}`), 1);
    assert.equal(value(`${calls},status="401"}`), 2);
    assert.equal(value('sallyport_http_requests_total{method="GET",route="/password/:token",status="404"}'), 1);
    assert.equal(value('sallyport_http_request_duration_seconds_count{route="/api/v1/sign-in"}'), 3);
  });

  test('hashes, the database and what it holds are measured', () => {
    assert.equal(value('sallyport_hash_duration_seconds_count'), 3);
    assert.equal(value('sallyport_hash_wait_seconds_count'), 3);
    assert.equal(value('sallyport_hash_queue_length'), 0);
    assert.equal(value('sallyport_sessions'), 1);
    assert.equal(value('sallyport_outbox_messages'), 1, 'it is about the new device');
    assert.ok((value('sallyport_database_transaction_duration_seconds_count{outcome="committed"}') ?? 0) > 3);
    assert.ok((value('sallyport_database_read_duration_seconds_count') ?? 0) > 3);
    assert.ok((value('sallyport_audit_last_sealed_timestamp_seconds') ?? 0) > 1_700_000_000);
    assert.ok((value('sallyport_audit_unsealed_age_seconds') ?? 99) < 30);
    assert.ok((value('process_resident_memory_bytes') ?? 0) > 0);
  });

  test('no person, token or address is in them, and the public port has none', () => {
    assert.doesNotMatch(text, /ana@|nobody@|acme|s3cret|127\.0\.0\.1/);
    assert.equal(publicAnswer, 404);
    assert.deepEqual(others, [404, 405]);
  });

  test('every metric of ours is in the table, with its type, help and labels', () => {
    const rows: readonly Metric[] = Object.values(METRICS);
    const shown = [...text.matchAll(/^# TYPE (sallyport_\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
    // Without PostgreSQL there is no pool.
    const here = rows.filter(({ name }) => KIND === 'postgres' || !name.includes('_pool_'));
    const expected = here.map(({ name, type }) => `${name} ${type}`);
    assert.deepEqual(shown.toSorted(), expected.toSorted());
    const labels = new Set(
      [...text.matchAll(/^sallyport_[^{\n]+\{([^}]*)\}/gm)].flatMap(([, list = '']) =>
        [...list.matchAll(/(\w+)="/g)].map(([, label]) => label),
      ),
    );
    labels.delete('le');
    const known = new Set(rows.flatMap(({ labels: own = [] }) => own));
    for (const label of labels) assert.ok(known.has(label ?? ''), label);
  });
});

test('docs/operate/metrics.md has the table of metrics that the code prints', () => {
  const path = new URL('../../docs/operate/metrics.md', import.meta.url);
  const remedy = 'node -e "import(\'#telemetry/metrics-table.ts\').then(m => console.log(m.metricsDocument()))"';
  assert.ok(
    readFileSync(path, 'utf8').includes(metricsDocument()),
    `docs/operate/metrics.md is old; print it with: ${remedy}`,
  );
});
