import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cleanup, makeReady, ownFolder, startServer } from './servers.ts';

const PROGRAM = '/usr/sbin/apache2';
const MODULES = '/usr/lib/apache2/modules';
const LOADED = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'alias', 'proxy', 'proxy_http', 'auth_openidc'];

/** The parts of a portal behind Apache. */
export type Setting = {
  /** The ports of Apache and of the page behind it. */
  readonly port: number;
  readonly portal: number;
  readonly issuer: string;
  readonly clientId: string;
  readonly secret: string;
};

/** The documented configuration, with this machine instead of names, and without TLS. */
function documented({ port, portal, issuer, clientId, secret }: Setting, folder: string): string {
  const path = new URL('../../../docs/integrate/openid-connect.md', import.meta.url);
  const block = /```apache\n(.*?)```/s.exec(readFileSync(path, 'utf8'))?.[1];
  assert(block, `${path} has a configuration`);
  return block
    .replace('<VirtualHost *:443>', `<VirtualHost 127.0.0.1:${port}>`)
    .replace('ServerName portal.example.com', 'ServerName localhost')
    .replace(/^ *SSL.*\n/gm, '')
    .replace(/(OIDCClientID +).*/, `$1${clientId}`)
    .replace(/(OIDCClientSecret +).*/, `$1${secret}`)
    .replaceAll('https://portal.example.com', `http://localhost:${port}`)
    .replaceAll('https://sign-in.example.com', issuer)
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${portal}`)
    .replaceAll('/var/www/html', folder);
}

/** Starts Apache with only its modules from the system. Resolves when it listens. */
export async function startApache(t: Cleanup, setting: Setting): Promise<void> {
  const files = [PROGRAM, `${MODULES}/mod_auth_openidc.so`];
  makeReady({ files, packages: ['apache2', 'libapache2-mod-auth-openidc'] });
  const folder = ownFolder('apache');
  // Its workers run as another user.
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'signed-out.html'), '<title>Signed out</title>');
  const file = join(folder, 'configuration');
  writeFileSync(file, configuration(folder, setting));
  await startServer(t, {
    program: PROGRAM,
    args: ['-f', file, '-D', 'FOREGROUND'],
    folder,
    log: join(folder, 'log'),
    url: `http://localhost:${setting.port}/signed-out`,
  });
}

function configuration(folder: string, setting: Setting): string {
  return `ServerRoot ${folder}
DefaultRuntimeDir ${folder}
PidFile ${folder}/pid
Mutex file:${folder}
ErrorLog ${folder}/log
Listen 127.0.0.1:${setting.port}
ServerName localhost
User www-data
Group www-data
${LOADED.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
<Directory />
  Require all denied
</Directory>
<Directory ${folder}>
  Require all granted
</Directory>
${documented(setting, folder)}`;
}
