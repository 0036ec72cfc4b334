import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cleanup, makeReady, ownFolder, startServer } from './servers.ts';

/** The paths of each proxy on Debian. */
const PROGRAMS = { nginx: '/usr/sbin/nginx', caddy: '/usr/bin/caddy' } as const;
export type ProxyName = keyof typeof PROGRAMS;

type Started = {
  /** For nginx what stands in its http block, for Caddy its sites. */
  readonly sites: string;
  /** Answers as soon as the proxy listens. */
  readonly url: string;
};

/** Starts nginx or Caddy with these sites, and resolves when it listens. */
export async function startWithSites(t: Cleanup, name: ProxyName, { sites, url }: Started): Promise<void> {
  const program = PROGRAMS[name];
  makeReady({ files: [program], packages: [name] });
  const folder = ownFolder(name);
  const file = join(folder, 'configuration');
  writeFileSync(file, name === 'nginx' ? nginxFile(folder, sites) : caddyFile(sites));
  const args =
    name === 'nginx'
      ? ['-p', folder, '-c', file, '-g', 'daemon off;']
      : ['run', '--adapter', 'caddyfile', '--config', file];
  await startServer(t, { program, args, folder, url });
}

function nginxFile(folder: string, sites: string): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder};`);
  return `worker_processes 1; pid ${folder}/pid; error_log stderr warn;
events {}
http {
  access_log off; ${paths.join(' ')}
  ${sites}
}`;
}

function caddyFile(sites: string): string {
  return `{\n\tadmin off\n\tauto_https off\n}\n${sites}\n`;
}
