import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { newDatabaseSettings } from '../databases/open.ts';
import { type ApiAnswer, browserAt, callApi, ORIGIN, PASSWORD } from '../world.ts';

const SALLYPORT = fileURLToPath(new URL('../../bin/sallyport.mjs', import.meta.url));
const START_SECONDS = 20;

export type Service = Awaited<ReturnType<typeof openService>>;

/** The server as operators run it: a process of its own over a database file, which can be killed and started again. */
export async function openService(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-crash-'));
  const port = await freePort();
  const environment = {
    PATH: process.env.PATH,
    PORT: String(port),
    SALLYPORT_PUBLIC_URL: ORIGIN,
    ...(await newDatabaseSettings(folder)),
    // Everybody comes from an address of their own: what is counted by address is not under test here.
    SALLYPORT_TRUSTED_PROXIES: '1',
  };
  let server: ChildProcess | undefined;
  t.after(async () => {
    await kill();
    rmSync(folder, { recursive: true });
  });

  async function start(): Promise<void> {
    assert(!server);
    server = spawn(process.execPath, [SALLYPORT, 'serve'], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
    await saysIt(server, 'serving');
  }

  /** No signal handler runs, nothing is flushed. */
  async function kill(): Promise<void> {
    const killed = server;
    server = undefined;
    if (!killed || killed.exitCode !== null) return;
    const ended = new Promise((resolve) => killed.once('exit', resolve));
    killed.kill('SIGKILL');
    await ended;
  }

  const app = {
    fetch: (sent: Request, arrival?: { remoteAddress?: string | undefined }) => forward(port, sent, arrival),
  };
  return {
    start,
    kill,
    restart: () => kill().then(start),
    person: (address: string) => browserAt(app, address),
    api: (path: string, body: object | undefined, token?: string, address = '192.0.2.9'): Promise<ApiAnswer> => {
      const method = body === undefined ? 'GET' : 'POST';
      return callApi(app, { method, path: `/api/v1${path}`, body, token, address });
    },
    /** The command line, beside the server. Answers what it printed. */
    command: (args: readonly string[], input = '') => run(environment, args, input),
    async addUser(email: string): Promise<string> {
      await run(environment, ['user', 'add', email, '--partner', 'acme', '--password-stdin'], PASSWORD);
      return email;
    },
  };
}

/** Over the wire to the process, with our host and the address that a proxy would write down. */
function forward(port: number, sent: Request, arrival: { remoteAddress?: string | undefined } = {}): Promise<Response> {
  const { pathname, search, host } = new URL(sent.url);
  const headers = {
    ...Object.fromEntries(sent.headers),
    host,
    'x-forwarded-for': arrival.remoteAddress ?? '192.0.2.1',
  };
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: '127.0.0.1', method: sent.method, path: pathname + search, headers });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const fields = new Headers();
        for (const [name, values] of Object.entries(incoming.headersDistinct)) {
          for (const value of values ?? []) fields.append(name, value);
        }
        const status = incoming.statusCode ?? 0;
        resolve(new Response(chunks.length === 0 ? null : Buffer.concat(chunks), { status, headers: fields }));
      });
    });
    sent.arrayBuffer().then((body) => outgoing.end(Buffer.from(body)), reject);
  });
}

function saysIt({ stdout }: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const late = setTimeout(() => reject(new Error(`the server did not start: ${said}`)), START_SECONDS * 1000);
    stdout?.on('data', (chunk) => {
      said += chunk;
      if (!said.includes(text)) return;
      clearTimeout(late);
      resolve();
    });
    stdout?.once('close', () => reject(new Error(`the server ended: ${said}`)));
  });
}

function run(env: NodeJS.ProcessEnv, args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const command = spawn(process.execPath, [SALLYPORT, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    let failed = '';
    command.stdout.on('data', (chunk) => {
      said += chunk;
    });
    command.stderr.on('data', (chunk) => {
      failed += chunk;
    });
    command.on('close', (code) => (code === 0 ? resolve(said) : reject(new Error(`${args.join(' ')}: ${failed}`))));
    command.stdin.end(input);
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
