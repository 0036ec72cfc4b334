import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type ProxyName, startWithSites } from './nginx-caddy.ts';
import type { Cleanup } from './servers.ts';

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
  const sites = `${documented(name, ports)}\n${name === 'nginx' ? nginxSite(ports) : caddySite(ports)}`;
  await startWithSites(t, name, { sites, url: `http://localhost:${ports.app}/.sallyport/style.css` });
}

/** Our own host. */
function nginxSite({ signIn, sallyport }: Ports): string {
  return `server {
    listen 127.0.0.1:${signIn};
    location / {
      proxy_pass http://127.0.0.1:${sallyport};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
  }`;
}

function caddySite({ signIn, sallyport }: Ports): string {
  return `http://localhost:${signIn} {
	bind 127.0.0.1
	reverse_proxy 127.0.0.1:${sallyport}
}`;
}
