import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cleanup, makeReady, ownFolder, startServer } from './servers.ts';

/** The paths of each proxy on Debian. */
const PROGRAMS = { nginx: '/usr/sbin/nginx', caddy: '/usr/bin/caddy' } as const;
export type ProxyName = keyof typeof PROGRAMS;

/** The ports of one portal on this machine, over plain HTTP. */
export type Ports = {
  readonly app: number;
  readonly signIn: number;
  readonly sallyport: number;
  readonly portal: number;
};

/** The documented configuration, with these ports instead of names, and without TLS. */
export function documented(name: ProxyName, { app, sallyport, portal }: Ports): string {
  const path = new URL(`../../../docs/integrate/forward-auth-${name}.md`, import.meta.url);
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

/** Starts the proxy in front of the portal and our own host. Resolves when it listens. */
export async function startProxy(t: Cleanup, name: ProxyName, ports: Ports): Promise<void> {
  const program = PROGRAMS[name];
  makeReady({ files: [program], packages: [name] });
  const folder = ownFolder(name);
  const file = join(folder, 'configuration');
  writeFileSync(file, name === 'nginx' ? nginxFile(folder, ports) : caddyFile(ports));
  const args =
    name === 'nginx'
      ? ['-p', folder, '-c', file, '-g', 'daemon off;']
      : ['run', '--adapter', 'caddyfile', '--config', file];
  await startServer(t, { program, args, folder, url: `http://localhost:${ports.app}/.sallyport/style.css` });
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
