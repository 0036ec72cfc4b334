import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Arrival, forward } from '../../../prove/forward.ts';
import { killNode, type Node, runCommand, startNode } from '../../../prove/process.ts';
import { freePort } from '../../databases/cluster.ts';
import { newDatabaseSettings } from '../../databases/open.ts';
import { callWithKey } from '../../stories/management-api/management-story.ts';
import { type ApiAnswer, browserAt, callApi, ORIGIN, PASSWORD } from '../../world.ts';

export type Service = Awaited<ReturnType<typeof openService>>;

/** The server as operators run it: its own process on a database file. It can be killed and restarted. */
export async function openService(t: TestContext, settings: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-crash-'));
  const port = await freePort();
  const environment = {
    PATH: process.env.PATH,
    PORT: String(port),
    SALLYPORT_PUBLIC_URL: ORIGIN,
    ...(await newDatabaseSettings(folder)),
    // Everyone has their own address, because the limits per address are not under test here.
    SALLYPORT_TRUSTED_PROXIES: '1',
    ...settings,
  };
  let server: Node | undefined;
  t.after(async () => {
    await kill();
    rmSync(folder, { recursive: true });
  });

  async function start(): Promise<void> {
    assert(!server);
    server = startNode(environment);
    await server.ready;
  }

  async function kill(): Promise<void> {
    const killed = server;
    server = undefined;
    if (killed) await killNode(killed);
  }

  const app = { fetch: (sent: Request, arrival?: Arrival) => forward(port, sent, arrival) };
  return {
    app,
    start,
    kill,
    restart: () => kill().then(start),
    person: (address: string) => browserAt(app, address),
    api: (path: string, body: object | undefined, token?: string, address = '192.0.2.9'): Promise<ApiAnswer> => {
      const method = body === undefined ? 'GET' : 'POST';
      return callApi(app, { method, path: `/api/v1${path}`, body, token, address });
    },
    /** A call by API key with the caller's own idempotency key. */
    apiNamed: (path: string, body: object, key: string, idempotencyKey: string) =>
      callWithKey({ app }, { method: 'POST', path, body, key, idempotencyKey }),
    /** The command line, beside the server. Answers its output. */
    command: (args: readonly string[]) => runCommand(environment, args),
    async addUser(email: string): Promise<string> {
      const add = ['user', 'add', email, '--partner', 'acme', '--password-stdin'];
      await runCommand(environment, add, { input: PASSWORD });
      return email;
    },
  };
}
