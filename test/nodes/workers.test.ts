import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { assertRefused, freePort, launch, openFolder, run, until } from '../cli/command-line.ts';
import { newDatabaseSettings } from '../databases/open.ts';
import { openStream } from './stream.ts';

type Server = Awaited<ReturnType<typeof launch>>;

async function launchWorkers(t: { after(done: () => void): void }, more: Record<string, string> = {}) {
  const environment = await newDatabaseSettings(openFolder(t).folder);
  const [port, metricsPort] = [await freePort(), await freePort()];
  const settings = {
    ...{ ...environment, PORT: String(port), SALLYPORT_WORKERS: '2', SALLYPORT_METRICS_PORT: String(metricsPort) },
    ...{ SALLYPORT_STOP_GRACE_SECONDS: '1', ...more },
  };
  const server = await launch(t, ['serve'], settings);
  t.after(() => {
    for (const pid of pids(server)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
  return { server, settings, port, metricsPort };
}

/** Every worker so far, in the order in which they began to serve. */
function pids({ text }: Server): number[] {
  const lines = text()
    .out.split('\n')
    .filter((line) => line.includes('"msg":"serving"'));
  return lines.map((line) => Number(JSON.parse(line).pid));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function counted(metricsPort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return Number(
    /^sallyport_http_requests_total\{method="GET",route="\/sign-in",status="200"\} (\d+)$/m.exec(text)?.[1],
  );
}

test('workers share a port, the start is done once, and all of them stop with SIGTERM', async (t) => {
  const { server, settings } = await launchWorkers(t);
  assert.equal(pids(server).length, 2);
  assert.equal(server.text().out.match(/\/invitation\//g)?.length, 1);
  assert.equal(server.text().out.match(/^Partner Interface is at /gm)?.length, 1);
  for (let i = 0; i < 4; i++) assert.equal((await fetch(`${server.url}/sign-in`)).status, 200);
  const { code, err } = await server.stop('SIGTERM');
  assert.deepEqual([code, err], [0, '']);
  assert.deepEqual(pids(server).filter(isAlive), []);
  assert.match(server.text().out, /"how":"leaving"/);
  const { unsealed } = JSON.parse((await run(['audit', 'verify', '--json'], settings)).out);
  assert.equal(unsealed, 0);
});

test('a worker that is killed is replaced, and the other one serves meanwhile', async (t) => {
  const { server } = await launchWorkers(t);
  const [first = 0] = pids(server);
  process.kill(first, 'SIGKILL');
  await until(() => !isAlive(first));
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  await until(() => pids(server).length === 3);
  assert.match(server.text().out, /"msg":"a worker died: starting another"/);
  assert.equal((await server.stop()).code, 0);
});

test('SIGHUP replaces all workers, no request fails and no count is lost', async (t) => {
  const { server, port, metricsPort } = await launchWorkers(t, { SALLYPORT_LOG_LEVEL: 'info' });
  const old = pids(server);
  const stream = openStream(port);
  await until(() => stream.count() > 50);
  const before = await counted(metricsPort);
  server.child.kill('SIGHUP');
  await until(() => server.text().out.includes('all workers are new'));
  const after = stream.count();
  await until(() => stream.count() > after + 50);
  const { outcomes, failed } = await stream.stop();
  assert.deepEqual(failed, []);
  assert.deepEqual(old.filter(isAlive), []);
  const pages = outcomes.filter(({ status }) => status === 200).length;
  assert.ok(before > 0);
  assert.equal(await counted(metricsPort), pages);
  t.diagnostic(`${outcomes.length} requests, none failed`);
  assert.equal((await server.stop()).code, 0);
});

test('workers that die as soon as they start are given up with one line', async (t) => {
  const { server } = await launchWorkers(t);
  const killed = new Set<number>();
  const killer = setInterval(() => {
    for (const pid of pids(server).filter((each) => !killed.has(each))) {
      killed.add(pid);
      if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    }
  }, 20);
  await server.ended;
  clearInterval(killer);
  const { code, err } = server.text();
  assert.equal(code, 1);
  assert.match(err, /^sallyport: workers died \d times within seconds of their start: giving up\n$/);
  assert.deepEqual([...killed].filter(isAlive), []);
});

test('what keeps workers from serving is said once', async (t) => {
  const { server, settings } = await launchWorkers(t);
  const said = await run(['serve'], { ...settings, SALLYPORT_METRICS_PORT: String(await freePort()) });
  assert.equal(said.out, '');
  assertRefused(said, 1, new RegExp(`port ${settings.PORT} of 127.0.0.1 is in use`));
  assert.equal((await server.stop()).code, 0);
});

test('workers end by themselves when their primary is killed', async (t) => {
  const { server } = await launchWorkers(t);
  const exit = once(server.child, 'exit');
  server.child.kill('SIGKILL');
  await exit;
  await until(() => pids(server).every((pid) => !isAlive(pid)));
});
