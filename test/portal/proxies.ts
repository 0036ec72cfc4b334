import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';

type Cleanup = Pick<TestContext, 'after'>;

/** Where the packages of Debian put each proxy. */
const PROGRAMS = { nginx: '/usr/sbin/nginx', caddy: '/usr/bin/caddy' } as const;
export type ProxyName = keyof typeof PROGRAMS;

/** The ports of one portal: on this machine, where http will do. */
export type Ports = {
  readonly app: number;
  readonly signIn: number;
  readonly sallyport: number;
  readonly portal: number;
};

/** As root on Debian a proxy that is missing is installed; elsewhere the test fails with what is missing. */
export function makeReady(name: ProxyName): void {
  if (existsSync(PROGRAMS[name])) return;
  const missing = `${name} is missing for this test: apt-get install ${name}`;
  assert(process.getuid?.() === 0 && existsSync('/usr/bin/apt-get'), missing);
  // Not started by its package: the test starts its own.
  const policy = '/usr/sbin/policy-rc.d';
  const isOurs = !existsSync(policy);
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', name]]) {
    spawnSync('apt-get', ['-qq', ...args], { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  }
  if (isOurs) rmSync(policy);
  assert(existsSync(PROGRAMS[name]), missing);
}

/** The configuration as the document has it, for these ports instead of names, and without TLS. */
export function documented(name: ProxyName, { app, sallyport, portal }: Ports): string {
  const path = new URL(`../../docs/integrate/forward-auth-${name}.md`, import.meta.url);
  const block = /```(?:nginx|caddyfile)\n(.*?)```/s.exec(readFileSync(path, 'utf8'))?.[1];
  assert(block, `${path} has a configuration`);
  return block
    .replace('listen 443 ssl;', `listen 127.0.0.1:${app};`)
    .replace(/^ *ssl_certificate.*\n/gm, '')
    .replace('server_name app.example.com;', 'server_name localhost;')
    .replace(/^app\.example\.com \{/m, `http://localhost:${app} {\n\tbind 127.0.0.1`)
    .replaceAll('app.example.com', `localhost:${app}`)
    .replaceAll('127.0.0.1:3000', `127.0.0.1:${sallyport}`)
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${portal}`);
}

/** Starts the proxy in front of the portal and of our own host; answers once it listens. */
export async function startProxy(t: Cleanup, name: ProxyName, ports: Ports): Promise<void> {
  makeReady(name);
  const folder = mkdtempSync(join(tmpdir(), `sallyport-${name}-`));
  const file = join(folder, 'configuration');
  writeFileSync(file, name === 'nginx' ? nginxFile(folder, ports) : caddyFile(ports));
  const args =
    name === 'nginx'
      ? ['-p', folder, '-c', file, '-g', 'daemon off;']
      : ['run', '--adapter', 'caddyfile', '--config', file];
  const home = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const child = spawn(PROGRAMS[name], args, { stdio: ['ignore', 'ignore', 'pipe'], env: home });
  const said: string[] = [];
  child.stderr.on('data', (chunk) => said.push(String(chunk)));
  t.after(async () => {
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  });
  for (let tries = 0; tries < 200; tries++) {
    assert.equal(child.exitCode, null, said.join(''));
    if (await answers(ports.app)) return;
    await wait(50);
  }
  assert.fail(`${name} does not answer: ${said.join('')}`);
}

function nginxFile(folder: string, ports: Ports): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder};`);
  return `worker_processes 1; pid ${folder}/pid; error_log stderr warn;
events {}
http {
  access_log off; ${paths.join(' ')}
  ${documented('nginx', ports)}
  server {
    listen 127.0.0.1:${ports.signIn};
    location / {
      proxy_pass http://127.0.0.1:${ports.sallyport};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
  }
}`;
}

function caddyFile(ports: Ports): string {
  return `{
	admin off
	auto_https off
}
${documented('caddy', ports)}
http://localhost:${ports.signIn} {
	bind 127.0.0.1
	reverse_proxy 127.0.0.1:${ports.sallyport}
}
`;
}

async function answers(port: number): Promise<boolean> {
  try {
    await fetch(`http://localhost:${port}/.sallyport/style.css`);
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

/** A plain page that says which headers it got, by the names as they came. */
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
