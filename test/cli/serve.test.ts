import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { assertRefused, freePort, launch, openFolder, run } from './command-line.ts';

test('a start that cannot be says why in one line', async (t) => {
  const { environment } = openFolder(t);
  const taken = await launch(t, ['serve'], { ...environment, PORT: String(await freePort()) });
  const { port } = new URL(taken.url);
  const [busy, typo, keys] = await Promise.all([
    run(['serve'], { ...environment, PORT: port }),
    run(['serve'], { ...environment, SALLYPORT_PRODUKT: 'x' }),
    run(['serve'], { ...environment, SALLYPORT_KEYS: `k1:${Buffer.from(process.hrtime().join()).toString('base64')}` }),
  ]);
  assertRefused(busy, 1, new RegExp(`port ${port} .* in use`));
  assertRefused(typo, 1, /SALLYPORT_PRODUKT/);
  assertRefused(keys, 1, /SALLYPORT_KEYS/);
  assert.equal((await taken.stop()).code, 0);
});

test('each start prints a link for the first administrator, and the one before is dead', async (t) => {
  const { environment } = openFolder(t);
  const settings = { ...environment, PORT: String(await freePort()), SALLYPORT_STOP_GRACE_SECONDS: '0' };
  const links: string[] = [];
  for (let i = 0; i < 2; i++) {
    const server = await launch(t, ['serve'], settings);
    const found = server.text().out.match(new RegExp(`^${server.url}/invitation/[\\w-]{43}$`, 'm'));
    assert(found, server.text().out);
    links.push(found[0]);
    if (i === 1) {
      const statuses = await Promise.all(links.map(async (link) => (await fetch(link)).status));
      assert.deepEqual(statuses, [404, 200]);
      const added = await run(['staff', 'add', 'root@portal.example', '--role', 'admin', '--invite'], settings);
      assert.equal(added.code, 0);
      assert.equal((await fetch(links[1] ?? '')).status, 404);
    }
    const { out } = await server.stop('SIGTERM');
    const logged = out.split('\n').filter((line) => line.startsWith('{'));
    assert(logged.length > 0);
    for (const line of logged) assert(!line.includes(links[i]?.split('/').at(-1) ?? ''), 'no token in the log');
  }
  const third = await launch(t, ['serve'], settings);
  assert(!third.text().out.includes('/invitation/'));
  await third.stop();
});

test('a request in flight is answered after Ctrl-C, a new one is not, and the audit tail is sealed', async (t) => {
  const { environment } = openFolder(t);
  const server = await launch(t, ['serve'], { ...environment, PORT: String(await freePort()) });
  const { host, port } = new URL(server.url);
  const body = JSON.stringify({ email: 'ana@acme.example', password: 'lantern otter velvet 9' });
  const socket = connect(Number(port), '127.0.0.1');
  const head = `POST /api/v1/sign-in HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n`;
  socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`);
  let answer = '';
  socket.setEncoding('utf8').on('data', (text) => {
    answer += text;
  });
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  await fetch(`${server.url}/healthz`, { headers: { connection: 'close' } });
  server.child.kill('SIGINT');
  await new Promise((resolve) => setTimeout(resolve, 50));
  // The terminal and npm both send it, but it is one press.
  server.child.kill('SIGINT');
  await new Promise((resolve) => setTimeout(resolve, 300));
  await assert.rejects(fetch(`${server.url}/healthz`));
  socket.write(body.slice(10));
  await closed;
  assert.match(answer, /^HTTP\/1\.1 401 /);
  await server.ended;
  assert.equal(server.text().code, 0);
  const verified = await run(['audit', 'verify', '--json'], environment);
  const { unsealed, events } = JSON.parse(verified.out);
  assert.deepEqual([unsealed, events > 0], [0, true]);
});

test('a second Ctrl-C ends at once', async (t) => {
  const { environment } = openFolder(t);
  const server = await launch(t, ['serve'], { ...environment, PORT: String(await freePort()) });
  const { host, port } = new URL(server.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => {});
  const head = `POST /api/v1/sign-in HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n`;
  socket.write(`${head}Content-Length: 10\r\n\r\n`);
  await fetch(`${server.url}/healthz`, { headers: { connection: 'close' } });
  server.child.kill('SIGINT');
  await new Promise((resolve) => setTimeout(resolve, 800));
  const { code } = await server.stop('SIGINT');
  assert.equal(code, 1);
});

test('what a server has counted of refusals is in the database once it has stopped', async (t) => {
  const { folder, environment } = openFolder(t);
  const server = await launch(t, ['serve'], { ...environment, PORT: String(await freePort()) });
  const body = JSON.stringify({ email: 'ana@acme.example', password: 'not the password' });
  const headers = { 'content-type': 'application/json' };
  for (let tries = 1; tries <= 30; tries++) {
    await fetch(`${server.url}/api/v1/sign-in`, { method: 'POST', headers, body });
  }
  assert.equal((await server.stop('SIGTERM')).code, 0);
  const database = new DatabaseSync(join(folder, 'data', 'sallyport.db'));
  t.after(() => database.close());
  const rows = database.prepare('select repeated from refusal_counts').all();
  assert.deepEqual(
    rows.map(({ repeated }) => repeated),
    [19],
  );
  const events = database.prepare("select id from audit_events where action = 'sign_in.password_refused'").all();
  assert.equal(events.length, 11);
});

test('a database whose key ring is lost gets no new one, and the operator is told to put the copy there', async (t) => {
  const { folder, environment } = openFolder(t);
  const settings = { ...environment, PORT: String(await freePort()) };
  await (await launch(t, ['serve'], settings)).stop();
  const ring = join(folder, 'data', 'keys');
  rmSync(ring);
  const line = /data\/keys is missing: put the copy of your key ring there/;
  assertRefused(await run(['serve'], settings), 1, line);
  assertRefused(await run(['user', 'list'], settings), 1, line);
  assert.equal(existsSync(ring), false);
});

test('SIGHUP stops a server without workers as SIGTERM does', async (t) => {
  const { environment } = openFolder(t);
  const settings = { ...environment, PORT: String(await freePort()), SALLYPORT_STOP_GRACE_SECONDS: '0' };
  const server = await launch(t, ['serve'], settings);
  const { code, out } = await server.stop('SIGHUP');
  assert.equal(code, 0);
  assert.match(out, /"how":"leaving"/);
});
