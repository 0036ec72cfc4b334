import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cleanup, makeReady, ownFolder, startServer } from './servers.ts';

const DEPLOY = new URL('../../../deploy/', import.meta.url);

export function deployed(file: 'nginx.conf' | 'Caddyfile'): string {
  return readFileSync(new URL(file, DEPLOY), 'utf8');
}

type Ports = { readonly proxy: number; readonly sallyport: number };

/** Starts nginx or Caddy with its file in deploy/, on these ports and without TLS. */
export async function startDeployed(t: Cleanup, name: 'nginx' | 'caddy', ports: Ports): Promise<void> {
  const program = { nginx: '/usr/sbin/nginx', caddy: '/usr/bin/caddy' }[name];
  makeReady({ files: [program], packages: [name] });
  const folder = ownFolder(name);
  const file = join(folder, 'configuration');
  writeFileSync(file, name === 'nginx' ? nginxFile(folder, ports) : caddyFile(ports));
  const args =
    name === 'nginx'
      ? ['-p', folder, '-c', file, '-g', 'daemon off;']
      : ['run', '--adapter', 'caddyfile', '--config', file];
  await startServer(t, { program, args, folder, url: `http://127.0.0.1:${ports.proxy}/healthz` });
}

function nginxFile(folder: string, { proxy, sallyport }: Ports): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder};`);
  const http = deployed('nginx.conf')
    .replace('listen 443 ssl;', `listen 127.0.0.1:${proxy} default_server;`)
    .replace('listen 80;', `listen 127.0.0.1:${proxy};`)
    .replace('server_name sign-in.example.com;\n}', '}')
    .replace(/^ *(?:ssl_certificate|listen \[::\]).*\n/gm, '')
    // The last server sends plain HTTP to HTTPS, and there is one port here.
    .replace(/\nserver \{\n {2}listen [^}]*return 308[^}]*\}\n/, '\n')
    .replace('127.0.0.1:3000', `127.0.0.1:${sallyport}`);
  return `worker_processes 1; pid ${folder}/pid; error_log stderr warn;
events {}
http {
  access_log off; ${paths.join(' ')}
  ${http}
}`;
}

function caddyFile({ proxy, sallyport }: Ports): string {
  const site = deployed('Caddyfile')
    .replace(/^sign-in\.example\.com \{/m, `http://:${proxy} {\n\tbind 127.0.0.1`)
    .replace('{$SALLYPORT_UPSTREAM:127.0.0.1:3000}', `127.0.0.1:${sallyport}`)
    // Caddy ends no TLS here.
    .replace('health_uri', 'header_up X-Forwarded-Proto https\n\t\thealth_uri');
  return `{\n\tadmin off\n\tauto_https off\n}\n${site}`;
}
