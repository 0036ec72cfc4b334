import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Env } from '#env.ts';
import { sealAuditTail } from '#features/operate/audit.ts';
import { exportAudit } from '#flows/runtime/audit-export.ts';
import { backupPostgres } from '#store/engine/postgres/backup.ts';
import { backupSqlite } from '#store/engine/sqlite/backup.ts';
import { connectTo, KIND, postgresUrlOf } from '../../databases/open.ts';
import { APP as HOST } from '../../stories/forward-auth/forward-auth-story.ts';
import { CALLBACK } from '../../stories/openid/openid-story.ts';
import { ORIGIN } from '../../world.ts';
import { LIST_TABLES } from './every-row.ts';
import type { Place } from './secrets.ts';
import type { Service } from './service.ts';

/** The place of the newest rows: the WAL in SQLite, all tables in PostgreSQL. */
export const ROWS = KIND === 'sqlite' ? 'database-wal' : 'database';

/** Everything that outlives a request, in its present state. The backup is made again each time. */
export async function placesOf(service: Service): Promise<readonly Place[]> {
  const { env, path, log, heard } = service;
  await sealAuditTail(env);
  const text = (name: string, lines: readonly string[]): Place => ({ name, bytes: Buffer.from(lines.join('\n')) });
  return [
    ...(KIND === 'sqlite' ? filesOf(path) : [{ name: 'database', bytes: await dumpOf(path) }]),
    { name: 'backup', bytes: readFileSync(await backUp(service)) },
    text('log', log),
    text('audit export in JSON lines', await lines(env, 'jsonl')),
    text('audit export in CSV', await lines(env, 'csv')),
    text(
      'outbox',
      (await env.db.read.selectFrom('outbox').selectAll().execute()).map((row) => JSON.stringify(row)),
    ),
    text(
      'Location',
      heard.flatMap(({ location }) => (location === undefined ? [] : withoutProtocol(location))),
    ),
  ];
}

/** A new backup file that replaces the last one. */
export async function backUp({ folder, path }: Service): Promise<string> {
  const backup = join(folder, 'backup.db');
  rmSync(backup, { force: true });
  if (KIND === 'sqlite') await backupSqlite(path, backup);
  else await backupPostgres(await postgresUrlOf(path), backup);
  return backup;
}

function filesOf(path: string): readonly Place[] {
  const files = [path, `${path}-wal`, `${path}-shm`].filter((file) => existsSync(file));
  return files.map((file) => ({ name: file.replace(path, 'database'), bytes: readFileSync(file) }));
}

/** Every value of every table, including those that a backup leaves out. */
async function dumpOf(path: string): Promise<Buffer> {
  const connection = await connectTo(path);
  const values: unknown[] = [];
  for (const { name } of await connection.rows(LIST_TABLES)) {
    for (const row of await connection.rows(`select * from "${name}"`)) values.push(...Object.values(row));
  }
  await connection.close();
  return Buffer.concat(values.flatMap((value) => [Buffer.isBuffer(value) ? value : Buffer.from(`${value}`), LINE_END]));
}

const LINE_END = Buffer.from('\n');

async function lines(env: Env, format: 'jsonl' | 'csv'): Promise<string[]> {
  const all: string[] = [];
  for await (const line of exportAudit(env, { format, actor: 'command_line' })) all.push(line);
  assert.ok(all.length > 10);
  return all;
}

/**
 * Removes the intended values of an address: a waiting portal request has a name that is valid in one browser only, a
 * portal gets its code in its callback address, and a protected host gets its ticket.
 */
function withoutProtocol(location: string): string {
  const waiting = /(?:%2F|\/)oidc(?:%2F|\/)continue(?:%2F|\/)[\w-]{43}/g;
  const callback = new URL(location, ORIGIN);
  if (callback.origin + callback.pathname === CALLBACK) callback.searchParams.delete('code');
  if (callback.href.startsWith(`https://${HOST}/.sallyport/return?`)) callback.searchParams.delete('ticket');
  return callback.href.replace(waiting, '');
}
