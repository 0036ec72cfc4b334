import { readFileSync } from 'node:fs';
import { type ProxyName, startWithSites } from './nginx-caddy.ts';
import type { Cleanup } from './servers.ts';

const DEPLOY = new URL('../../../deploy/', import.meta.url);

export function deployed(file: 'nginx.conf' | 'Caddyfile'): string {
  return readFileSync(new URL(file, DEPLOY), 'utf8');
}

type Ports = { readonly proxy: number; readonly sallyport: number };

/** Starts nginx or Caddy with its file in deploy/, on these ports and without TLS. */
export async function startDeployed(t: Cleanup, name: ProxyName, ports: Ports): Promise<void> {
  const sites = name === 'nginx' ? nginxSites(ports) : caddySites(ports);
  await startWithSites(t, name, { sites, url: `http://127.0.0.1:${ports.proxy}/healthz` });
}

function nginxSites({ proxy, sallyport }: Ports): string {
  return (
    deployed('nginx.conf')
      .replace('listen 443 ssl;', `listen 127.0.0.1:${proxy} default_server;`)
      .replace('listen 80;', `listen 127.0.0.1:${proxy};`)
      .replace('server_name sign-in.example.com;\n}', '}')
      .replace(/^ *(?:ssl_certificate|listen \[::\]).*\n/gm, '')
      // The last server sends plain HTTP to HTTPS, and there is one port here.
      .replace(/\nserver \{\n {2}listen [^}]*return 308[^}]*\}\n/, '\n')
      .replace('127.0.0.1:3000', `127.0.0.1:${sallyport}`)
  );
}

function caddySites({ proxy, sallyport }: Ports): string {
  return (
    deployed('Caddyfile')
      .replace(/^sign-in\.example\.com \{/m, `http://:${proxy} {\n\tbind 127.0.0.1`)
      .replace('{$SALLYPORT_UPSTREAM:127.0.0.1:3000}', `127.0.0.1:${sallyport}`)
      // Caddy ends no TLS here.
      .replace('health_uri', 'header_up X-Forwarded-Proto https\n\t\thealth_uri')
  );
}
