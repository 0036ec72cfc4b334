import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '#config.ts';
import { codesOf, stepAt } from '#core/totp.ts';
import { createHasher } from '#crypto/password-hash.ts';
import { openEnv } from '#env.ts';
import { type Call, type Load, load, openConnection, type Reply } from './client.ts';
import { PASSWORD, type SeededUser, seedUsers } from './seed.ts';

const PORT = 3987;
const QUICK = process.argv.includes('--quick');
const SECONDS = QUICK ? 1.5 : 6;
const MANY = QUICK ? 5_000 : 100_000;
/** Users with an open pending sign-in each: a code step uses one up, and a step of 30 seconds is used once a user. */
const DRIVEN = QUICK ? 5_000 : 30_000;

const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
const environment = {
  PORT: String(PORT),
  SALLYPORT_DATABASE_URL: `sqlite:${join(folder, 'bench.db')}`,
  // Everybody gets an address of their own, as behind a proxy; no limit of the product is lifted.
  SALLYPORT_TRUSTED_PROXIES: '1',
  // As bin/sallyport.mjs does it for the product.
  UV_THREADPOOL_SIZE: String(availableParallelism() + 2),
  NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'),
};

type Usage = { readonly cpuMs: number; readonly rssMb: number };

const rows: [string, string][] = [];
function row(name: string, figure: string): void {
  rows.push([name, figure]);
  process.stderr.write(`${name}: ${figure}\n`);
}

try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  row('machine', `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, Node ${process.version}`);
  const rawMs = await rawHash();
  await coldStart();
  let users = await seed(1_000, 1_000);
  await withServer(async (server) => {
    await page();
    await signIns(server, users, rawMs);
  });
  users = await seed(DRIVEN, DRIVEN);
  await withServer(async (server) => {
    row('memory idle', `${(await server.usage()).rssMb.toFixed(0)} MB`);
    await sessionChecks(server, users, '1,000 + driven');
    await codeSteps(server, users, '1,000 + driven');
    row('memory loaded', `${(await server.usage()).rssMb.toFixed(0)} MB`);
  });
  await seed(MANY, 0);
  users = await seed(DRIVEN / 3, DRIVEN / 3);
  await withServer(async (server) => {
    await sessionChecks(server, users, `${MANY.toLocaleString('en')} more users`);
    await codeSteps(server, users, `${MANY.toLocaleString('en')} more users`);
  });
  print();
}

async function rawHash(): Promise<number> {
  const hasher = createHasher({ queueSeconds: 600 });
  const phc = await hasher.hash(PASSWORD);
  const count = QUICK ? 40 : 200;
  const before = process.cpuUsage();
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: count }, () => hasher.verify(String(phc), PASSWORD)));
  const spent = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1000 / count;
  row('raw Argon2id', `${(count / spent).toFixed(0)} /s, ${cpuMs.toFixed(1)} ms CPU each`);
  return cpuMs;
}

async function coldStart(): Promise<void> {
  const times: number[] = [];
  for (let run = 0; run < (QUICK ? 3 : 9); run += 1) {
    const startedAt = performance.now();
    const bin = new URL('../bin/sallyport.mjs', import.meta.url).pathname;
    const child = spawn(process.execPath, [bin, 'serve'], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    times.push(performance.now() - startedAt);
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  row('cold start', `${median(times).toFixed(0)} ms (median of ${times.length}, the first makes database and keys)`);
}

async function seed(count: number, withTokens: number): Promise<SeededUser[]> {
  const config = loadConfig(environment, { root: folder });
  if ('problem' in config) throw new Error(config.problem);
  const env = await openEnv({ ...config, logLevel: 'fatal' }, { create: true });
  const users = await seedUsers(env, count, withTokens);
  await env.db.close();
  return users;
}

type Server = { usage(): Promise<Usage> };

async function withServer(work: (server: Server) => Promise<void>): Promise<void> {
  const child = fork(new URL('./server.ts', import.meta.url), {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  const usage = async (): Promise<Usage> => {
    child.send('usage');
    const [answer] = await once(child, 'message');
    return answer;
  };
  try {
    await work({ usage });
  } finally {
    child.send('stop');
    await once(child, 'exit');
  }
}

async function signIns(server: Server, users: readonly SeededUser[], rawMs: number): Promise<void> {
  let first = 0;
  for (const concurrency of [1, 8, 32]) {
    const before = await server.usage();
    const offset = first;
    const done = await load(PORT, { concurrency, seconds: SECONDS, jobs: users.length - offset }, (send, index) =>
      signIn(send, users[offset + index]),
    );
    first += done.done;
    const cpuMs = ((await server.usage()).cpuMs - before.cpuMs) / done.done;
    const ratio = (cpuMs / rawMs).toFixed(2);
    row(`complete sign-ins, ${concurrency} at once`, `${rate(done)}, ${cpuMs.toFixed(1)} ms CPU = ${ratio} raw hashes`);
  }
}

async function signIn(send: (call: Call) => Promise<Reply>, user: SeededUser | undefined): Promise<number> {
  if (!user) return 0;
  const body = { email: user.email, password: PASSWORD };
  const first = await send({ method: 'POST', path: '/api/v1/sign-in', body });
  if (first.status !== 200) return first.status;
  const { pendingToken } = JSON.parse(first.body);
  return (await send(codeCall(pendingToken, codeOf(user.secret)))).status;
}

async function codeSteps(server: Server, users: readonly SeededUser[], note: string): Promise<void> {
  const half = Math.floor(users.length / 2);
  const parts = [
    ['valid', users.slice(0, half)],
    ['wrong', users.slice(half)],
  ] as const;
  for (const [kind, driven] of parts) {
    const calls = driven.map((user) => {
      const code = codeOf(user.secret);
      return codeCall(
        user.pendingToken,
        kind === 'valid' ? code : String((Number(code) + 1) % 1_000_000).padStart(6, '0'),
      );
    });
    const before = await server.usage();
    const done = await load(PORT, { concurrency: 32, seconds: SECONDS, jobs: calls.length }, async (send, index) => {
      const call = calls[index];
      return call ? (await send(call)).status : 0;
    });
    const cpuMs = ((await server.usage()).cpuMs - before.cpuMs) / done.done;
    row(`code step, ${kind}, 32 at once, ${note}`, `${rate(done)}, ${cpuMs.toFixed(2)} ms CPU`);
  }
}

async function sessionChecks(server: Server, users: readonly SeededUser[], note: string): Promise<void> {
  const before = await server.usage();
  const done = await load(
    PORT,
    { concurrency: 32, seconds: SECONDS, jobs: Number.POSITIVE_INFINITY },
    async (send, index) => {
      const token = users[index % users.length]?.sessionToken ?? '';
      return (await send({ method: 'GET', path: '/api/v1/session', token })).status;
    },
  );
  const cpuMs = ((await server.usage()).cpuMs - before.cpuMs) / done.done;
  row(`session check, 32 at once, ${note}`, `${rate(done)}, ${cpuMs.toFixed(3)} ms CPU`);
}

/** The sign-in page with everything that it loads, as it is and not compressed. */
async function page(): Promise<void> {
  const connection = await openConnection(PORT);
  const get = async (path: string) => (await connection.send({ method: 'GET', path }, '10.9.9.9')).body;
  const html = await get('/sign-in');
  const links = [...html.matchAll(/(?:href|src)="(\/(?:assets\/|brand\.css)[^"]*)"/g)].map(([, path = '']) => path);
  let bytes = Buffer.byteLength(html, 'latin1');
  for (const path of links) bytes += Buffer.byteLength(await get(path), 'latin1');
  connection.close();
  row('sign-in page', `${(bytes / 1000).toFixed(1)} kB in ${links.length + 1} requests, uncompressed`);
}

function codeCall(token: string, code: string): Call {
  return { method: 'POST', path: '/api/v1/sign-in/one-time-code', token, body: { code } };
}

function codeOf(secret: Buffer): string {
  return codesOf(secret)(stepAt(Math.floor(Date.now() / 1000)));
}

function rate({ perSecond, statuses }: Load): string {
  const others = [...statuses].map(([status, count]) => `${count} × ${status}`).join(', ');
  return `${perSecond.toFixed(0)} /s (${others})`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function print(): void {
  const width = Math.max(...rows.map(([name]) => name.length));
  process.stdout.write(`${rows.map(([name, figure]) => `${name.padEnd(width)}  ${figure}`).join('\n')}\n`);
}
