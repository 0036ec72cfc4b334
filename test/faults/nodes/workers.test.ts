import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { assertRefused, freePort, launch, openFolder, run, until } from '../../cli/command-line.ts';
import { newDatabaseSettings } from '../../databases/open.ts';
import { openStream } from './stream.ts';

type Server = Awaited<ReturnType<typeof launch>>;

const FIRST_WAIT_MS = 250;
/** Six deaths within seconds are enough. The other of two workers may be killed together with the sixth. */
const MOST_KILLED = 7;

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

type Line = { readonly time: string; readonly pid: number; readonly msg: string };

/** The log lines with this message. */
function linesOf({ text }: Server, said: RegExp): readonly Line[] {
  // The text after the last newline is incomplete.
  const whole = text().out.split('\n').slice(0, -1);
  const lines = whole.filter((line) => line.startsWith('{')).map((line): Line => JSON.parse(line));
  return lines.filter(({ msg }) => said.test(msg));
}

/** Every worker so far, in the order in which they began to serve. */
function pids(server: Server): number[] {
  return linesOf(server, /^serving$/).map(({ pid }) => pid);
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
  const link = /\S+\/invitation\/\S+/.exec(server.text().out)?.[0] ?? '';
  assert.equal((await fetch(link)).status, 200, 'no worker has made another one');
  for (let i = 0; i < 4; i++) assert.equal((await fetch(`${server.url}/sign-in`)).status, 200);
  const { code, err } = await server.stop('SIGTERM');
  assert.deepEqual([code, err], [0, '']);
  assert.deepEqual(pids(server).filter(isAlive), []);
  assert.deepEqual(linesOf(server, /died/), []);
  assert.match(server.text().out, /"how":"leaving"/);
  const { unsealed } = JSON.parse((await run(['audit', 'verify', '--json'], settings)).out);
  assert.equal(unsealed, 0);
});

test('a worker that is killed is replaced, and the other one serves meanwhile', async (t) => {
  const { server } = await launchWorkers(t, { SALLYPORT_LOG_LEVEL: 'debug' });
  const [first = 0] = pids(server);
  process.kill(first, 'SIGKILL');
  await until(() => !isAlive(first));
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  const starts = () => linesOf(server, /^a worker starts$/);
  await until(() => starts().length === 3);
  process.kill(starts()[2]?.pid ?? 0, 'SIGKILL');
  await until(() => pids(server).length === 3);
  assert.deepEqual(
    linesOf(server, /died|not start/).map(({ msg }) => msg),
    ['a worker died: starting another', 'a worker did not start'],
  );
  assert.equal((await server.stop()).code, 0);
});

test('workers obey their primary alone: a terminal and a service manager signal every process of a group', async (t) => {
  const { server, metricsPort } = await launchWorkers(t);
  const workers = pids(server);
  for (const pid of workers) for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.kill(pid, signal);
  // A connection passed to a worker that just died gets no answer.
  const ask = () => fetch(`${server.url}/sign-in`, { signal: AbortSignal.timeout(20_000) });
  for (let i = 0; i < 4; i++) assert.equal((await ask()).status, 200);
  assert.equal(await counted(metricsPort), 4);
  assert.equal((await server.stop()).code, 0);
  assert.deepEqual([pids(server), linesOf(server, /died/)], [workers, []]);
});

test('SIGHUP replaces all workers once, no request fails and no count is lost', async (t) => {
  const { server, port, metricsPort } = await launchWorkers(t, { SALLYPORT_LOG_LEVEL: 'info' });
  const old = pids(server);
  const stream = openStream(port);
  await until(() => stream.count() > 50);
  const before = await counted(metricsPort);
  server.child.kill('SIGHUP');
  await until(() => linesOf(server, /^replacing the workers/).length > 0);
  server.child.kill('SIGHUP');
  await until(() => linesOf(server, /^all workers are new$/).length > 0);
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
  assert.equal(pids(server).length, 2 * old.length, 'a second SIGHUP meanwhile changes nothing');
});

test('workers that die as soon as they serve are given up with one line, after waits that double', async (t) => {
  const { server } = await launchWorkers(t, { SALLYPORT_LOG_LEVEL: 'debug' });
  const deaths = () => linesOf(server, /died|not start/).map(({ time }) => Date.parse(time));
  const starts = () => linesOf(server, /^a worker starts$/).map(({ time }) => Date.parse(time));
  const killed = new Set<number>();
  const next = () => pids(server).find((pid) => !killed.has(pid));
  let hasEnded = false;
  const ended = server.ended.then(() => {
    hasEnded = true;
  });
  for (;;) {
    await until(() => hasEnded || next() !== undefined);
    const pid = next();
    if (pid === undefined) break;
    assert.ok(killed.size < MOST_KILLED, `${killed.size} have died, and it starts another`);
    killed.add(pid);
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  }
  await ended;
  const { code, err } = server.text();
  assert.equal(code, 1);
  assert.match(err, /^sallyport: workers died \d times within seconds of their start: giving up\n$/);
  assert.deepEqual([...killed].filter(isAlive), []);
  const waits = starts()
    .slice(2)
    .map((at, n) => at - (deaths()[n] ?? 0));
  // A timer may be a millisecond early.
  assert.ok(waits.length > 2 && waits.every((each, n) => each >= FIRST_WAIT_MS * 2 ** n - 2), `${waits} ms`);
});

test('what keeps workers from serving is said once', async (t) => {
  const { server, settings } = await launchWorkers(t);
  const said = await run(['serve'], { ...settings, SALLYPORT_METRICS_PORT: String(await freePort()) });
  assert.equal(said.out, '');
  assertRefused(said, 1, new RegExp(`port ${settings.PORT} of 127.0.0.1 is in use`));
  assert.equal((await server.stop()).code, 0);
});

test('who stops it twice leaves nothing behind, not even a worker that hangs', async (t) => {
  const { server } = await launchWorkers(t);
  const [hanging = 0, other = 0] = pids(server);
  const exit = once(server.child, 'exit');
  process.kill(hanging, 'SIGSTOP');
  server.child.kill('SIGINT');
  await until(() => !isAlive(other));
  // Half a second apart they count as two presses.
  await wait(600);
  server.child.kill('SIGINT');
  assert.deepEqual(await exit, [1, null]);
  await until(() => !isAlive(hanging));
});

test('workers end by themselves when their primary is killed', async (t) => {
  const { server } = await launchWorkers(t);
  const exit = once(server.child, 'exit');
  server.child.kill('SIGKILL');
  await exit;
  await until(() => pids(server).every((pid) => !isAlive(pid)));
});
