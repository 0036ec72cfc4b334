import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';

export type Cleanup = Pick<TestContext, 'after'>;

/** A server of Debian: its required files, and their packages. */
export type Installed = { readonly files: readonly string[]; readonly packages: readonly string[] };

// The package must not start it, because the test does. One installation at a time, because apt does not wait.
const INSTALL = `
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  printf '#!/bin/sh\\nexit 101\\n' > $policy
  chmod 755 $policy
fi
apt-get -qq update && apt-get -qq install -y --no-install-recommends "$@"
`;

/** As root on Debian it installs what is missing. Elsewhere the test fails and names it. */
export function makeReady({ files, packages }: Installed): void {
  if (files.every((file) => existsSync(file))) return;
  const missing = `missing for this test: apt-get install ${packages.join(' ')}`;
  assert(process.getuid?.() === 0 && existsSync('/usr/bin/apt-get'), missing);
  const lock = join(tmpdir(), 'sallyport-test-apt.lock');
  spawnSync('flock', [lock, 'sh', '-c', INSTALL, 'install', ...packages], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  assert(
    files.every((file) => existsSync(file)),
    missing,
  );
}

/** A folder for the configuration, the log and whatever else a server writes. */
export function ownFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `sallyport-${name}-`));
}

type Command = {
  readonly program: string;
  readonly args: readonly string[];
  /** Deleted after the server has stopped. */
  readonly folder: string;
  /** Answers as soon as the server listens. */
  readonly url: string;
  /** The file for messages that are not on stderr. */
  readonly log?: string;
};

/** Starts a server in the foreground and resolves when it listens. The end of the test stops it. */
export async function startServer(t: Cleanup, { program, args, folder, url, log }: Command): Promise<void> {
  const home = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: home });
  const lines: string[] = [];
  child.stderr.on('data', (chunk) => lines.push(String(chunk)));
  const said = () => lines.join('') + (log !== undefined && existsSync(log) ? readFileSync(log, 'utf8') : '');
  t.after(async () => {
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  });
  for (let tries = 0; tries < 200; tries++) {
    assert.equal(child.exitCode, null, said());
    if (await answers(url)) return;
    await wait(50);
  }
  assert.fail(`${program} does not answer: ${said()}`);
}

async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url, { redirect: 'manual' });
    return true;
  } catch {
    return false;
  }
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createNetServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A plain page with the headers that it received, by their original names. */
export async function startPortal(t: Cleanup): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ url: request.url, method: request.method, rawHeaders: request.rawHeaders }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, server };
}
