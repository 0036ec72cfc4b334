import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { show } from '#http/pages/reply.ts';
import { page } from '#http/route.ts';
import { type Listening, listen } from '#http/server/listen.ts';
import { openServer } from './server.ts';

const PATIENCE_MS = 600;
const ASK = 'Host: sign-in.example.com';
const PIECE = 'a,b,c\r\n'.repeat(10_000);

const made = { pieces: 0, ended: 0, notes: 0 };

/** An endless export that notices when its reader has gone. */
async function* endless(): AsyncGenerator<string> {
  try {
    for (;;) {
      made.pieces += 1;
      yield PIECE;
    }
  } finally {
    made.ended += 1;
  }
}

const ROUTES = [
  page({
    ...{ method: 'GET', path: '/export.csv', guard: 'public' },
    handle: () => ({ status: 200, file: { type: 'text/csv', body: endless(), name: 'x.csv' }, cookies: [] }),
  }),
  page({
    ...{ method: 'GET', path: '/note', guard: 'public' },
    async handle() {
      made.notes += 1;
      await wait(20);
      return show('x'.repeat(50_000));
    },
  }),
];

let listening: Listening;
let lines: readonly string[];
const sockets: Socket[] = [];

before(async () => {
  const server = await openServer(ROUTES, { environment: { PORT: '0' } });
  lines = server.lines;
  listening = await listen(server.env, server.app, PATIENCE_MS);
});
after(async () => {
  for (const socket of sockets) socket.destroy();
  await listening.close();
});

/** A connection that has sent this text and does not read. */
function silent(text: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(listening.url).port), '127.0.0.1', () =>
      socket.write(text, () => resolve(socket)),
    );
    socket.pause();
    socket.on('error', () => {});
    sockets.push(socket);
  });
}

const closedSoFar = () => lines.reduce((sum, line) => sum + (Number(JSON.parse(line).closed) || 0), 0);

/** Waits for the condition. If a service closes nothing, the test's own time limit ends it. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await wait(20);
}

describe('a connection that asks and does not read', { timeout: 60_000 }, () => {
  it('is closed, and what makes its answer ends', async () => {
    const before = closedSoFar();
    await Promise.all(Array.from({ length: 20 }, () => silent(`GET /export.csv HTTP/1.1\r\n${ASK}\r\n\r\n`)));
    await until(() => closedSoFar() - before === 20 && made.ended >= 20);
  });

  it('is closed while it goes on asking', async () => {
    const before = closedSoFar();
    const socket = await silent(`GET /export.csv HTTP/1.1\r\n${ASK}\r\n\r\n`);
    const again = setInterval(() => socket.write(`GET /note HTTP/1.1\r\n${ASK}\r\n\r\n`), 50);
    await until(() => closedSoFar() - before === 1);
    clearInterval(again);
  });

  it('has few of its requests worked on at once', async () => {
    const before = made.notes;
    const socket = await silent(`GET /note HTTP/1.1\r\n${ASK}\r\n\r\n`.repeat(2_000));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    await closed;
    assert.ok(made.notes - before <= 32, `${made.notes - before} requests`);
  });
});

describe('a connection that reads slowly', { timeout: 60_000 }, () => {
  // Only Linux reports how much a peer has read from the kernel's buffer.
  it('is kept, and gets all that it takes', { skip: process.platform !== 'linux' }, async () => {
    const [before, ended] = [closedSoFar(), made.ended];
    const socket = await silent(`GET /export.csv HTTP/1.1\r\n${ASK}\r\n\r\n`);
    let bytes = 0;
    for (let reads = 0; reads < 100; reads++) {
      await wait(PATIENCE_MS / 12);
      bytes += socket.read(32 * 1024)?.length ?? 0;
    }
    assert.equal(closedSoFar(), before);
    assert.equal(made.ended, ended);
    assert.equal(socket.destroyed, false);
    assert.ok(bytes > 1_000_000, `${bytes} bytes`);
    socket.destroy();
    await until(() => made.ended === ended + 1);
  });
});
