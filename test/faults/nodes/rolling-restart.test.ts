import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { freePort, launch, openFolder, run, until } from '../../cli/command-line.ts';
import { newDatabaseSettings } from '../../databases/open.ts';
import { openBalancer } from './balancer.ts';
import { openStream } from './stream.ts';

test('two nodes are restarted one after the other and no request fails', async (t) => {
  const environment = await newDatabaseSettings(openFolder(t).folder);
  const [front, ...ports] = [await freePort(), await freePort(), await freePort()];
  const settings = {
    ...environment,
    SALLYPORT_PUBLIC_URL: `http://localhost:${front}`,
    SALLYPORT_STOP_GRACE_SECONDS: '1',
    SALLYPORT_LOG_LEVEL: 'warn',
  };
  const startNode = (port: number) => launch(t, ['serve'], { ...settings, PORT: String(port) });
  const balancer = await openBalancer(t, front, ports);
  let nodes = [];
  for (const port of ports) nodes.push({ port, server: await startNode(port) });
  await until(() => ports.every(balancer.isReady));

  const stream = openStream(front);
  const restarted = [];
  for (const { port, server } of nodes) {
    const before = stream.count();
    await until(() => stream.count() > before + 50);
    const { code, err } = await server.stop('SIGTERM');
    assert.equal(code, 0, err);
    restarted.push({ port, server: await startNode(port) });
    await until(() => balancer.isReady(port));
  }
  const before = stream.count();
  await until(() => stream.count() > before + 50);
  const { outcomes, failed } = await stream.stop();
  nodes = restarted;

  assert.deepEqual(failed, []);
  const served = new Set(outcomes.slice(-40).map(({ node }) => node));
  assert.deepEqual([...served].toSorted(), ports.map(String).toSorted());
  t.diagnostic(`${outcomes.length} requests, none failed`);
  for (const { server } of nodes) assert.equal((await server.stop('SIGINT')).code, 0);
  const { unsealed, events } = JSON.parse((await run(['audit', 'verify', '--json'], environment)).out);
  assert.deepEqual([unsealed, events > 0], [0, true]);
});

test('SIGTERM tells the balancer first, and ends connections with their answer', async (t) => {
  const environment = await newDatabaseSettings(openFolder(t).folder);
  const settings = { ...environment, PORT: String(await freePort()), SALLYPORT_STOP_GRACE_SECONDS: '2' };
  const server = await launch(t, ['serve'], settings);
  const kept = await fetch(`${server.url}/readyz`);
  assert.deepEqual([kept.status, kept.headers.get('connection')], [200, 'keep-alive']);
  server.child.kill('SIGTERM');
  await until(() => server.text().out.includes('"stopping"'));
  const leaving = await fetch(`${server.url}/readyz`);
  assert.deepEqual([leaving.status, leaving.headers.get('connection')], [503, 'close']);
  assert.match(await leaving.text(), /"reasons":\["stopping"\]/);
  const page = await fetch(`${server.url}/sign-in`);
  assert.deepEqual([page.status, page.headers.get('connection')], [200, 'close']);
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  await server.ended;
  assert.equal(server.text().code, 0);
});

test('Ctrl-C waits for nobody, and neither does a second SIGTERM', async (t) => {
  const environment = await newDatabaseSettings(openFolder(t).folder);
  const settings = { ...environment, PORT: String(await freePort()), SALLYPORT_STOP_GRACE_SECONDS: '300' };
  const interrupted = await launch(t, ['serve'], settings);
  assert.equal((await interrupted.stop('SIGINT')).code, 0);
  const leaving = await launch(t, ['serve'], settings);
  const exit = once(leaving.child, 'exit');
  leaving.child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 800));
  leaving.child.kill('SIGTERM');
  assert.deepEqual(await exit, [1, null]);
});
