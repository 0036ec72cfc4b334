import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/databases/cluster.ts';
import type { Member } from './member.ts';
import { killProgram, startProgram } from './programs.ts';

/** One address that leads to the leader and closes open connections when the leader changes. */
export type Balancer = { readonly port: number; close(): Promise<void> };

/** HAProxy as docs/operate/patroni.md configures it, with shorter times. */
export async function startBalancer(folder: string, members: readonly Member[]): Promise<Balancer> {
  const port = await freePort();
  const file = join(folder, 'haproxy.cfg');
  const lines = [
    'defaults',
    ...['mode tcp', 'timeout connect 1s', 'timeout client 30m', 'timeout server 30m', 'timeout check 1s'],
    'listen primary',
    `bind 127.0.0.1:${port}`,
    'option httpchk OPTIONS /primary',
    'http-check expect status 200',
    'default-server inter 200ms fall 2 rise 1 on-marked-down shutdown-sessions',
    ...members.map(({ name, ports }) => `server ${name} 127.0.0.1:${ports.server} check port ${ports.api}`),
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const haproxy = startProgram('haproxy', ['-db', '-f', file]);
  return { port, close: () => killProgram(haproxy) };
}
