import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { KIND, newPostgresUrl } from '../../databases/open.ts';
import { fill, lookInto, openKeyWorld } from '../../keys/key-world.ts';

const START_FILE = join(import.meta.dirname, '../../../bin/sallyport.mjs');
const [PEOPLE, MAILS] = [20, 6_000];
const NOTHING = { users: 0, outbox: 0, told: 0 };
/** This much of the log is written during the copy: more than fits into memory. */
const HALF_WAY_BYTES = 512 * 1024;
/** Only of these processes, because other tests copy too. */
const copiesOf = (pids: readonly (number | undefined)[]) =>
  readdirSync(tmpdir()).filter((name) => pids.some((pid) => name.startsWith(`sallyport-copy-${pid}-`)));

for (const command of ['restore', 'import'] as const) {
  test(`a killed ${command} leaves the database empty or whole, and is run again`, async (t) => {
    const { settings, where, args, isBackup } = await arrange(t, command);
    const pids: (number | undefined)[] = [];
    // A backup does not contain unsent mail.
    const whole = { users: PEOPLE, outbox: isBackup ? 0 : MAILS, told: 1 };
    for (const moment of ['soon', 'half way', 'later'] as const) {
      const child = spawn(process.execPath, [START_FILE, ...args], { env: settings, stdio: 'ignore' });
      const ended = once(child, 'close');
      pids.push(child.pid);
      if (moment === 'half way') await halfWay(where, child);
      else await Promise.race([ended, wait(moment === 'soon' ? 250 : 700)]);
      const wasAlive = child.exitCode === null;
      child.kill('SIGKILL');
      await ended;
      const found = await contentsOf(where);
      t.diagnostic(`${moment}: ${wasAlive ? 'killed' : 'was done'}, ${JSON.stringify(found)}`);
      assert.ok(
        [NOTHING, whole].some((state) => isDeepStrictEqual(state, found)),
        'empty or whole',
      );
      if (found.users > 0) break;
    }
    if ((await contentsOf(where)).users === 0) {
      const child = spawn(process.execPath, [START_FILE, ...args], { env: settings, stdio: 'ignore' });
      assert.deepEqual(await once(child, 'close'), [0, null]);
    }
    assert.deepEqual(await contentsOf(where), whole);
    assert.deepEqual(copiesOf(pids), [], 'no copy of the data is left behind');
  });
}

/** A backup or a database that takes time to copy, an empty target database, and the command. */
async function arrange(t: TestContext, command: 'restore' | 'import') {
  const world = openKeyWorld(t);
  const server = await world.serve('one:1');
  await fill(server, { people: PEOPLE, mails: MAILS });
  const isBackup = command === 'restore' || KIND === 'postgres';
  const file = isBackup ? join(world.folder, 'backup.db') : world.path;
  if (isBackup) assert.equal((await world.command(['backup', file])).code, 0);
  await server.stop();
  const where = KIND === 'postgres' ? await newPostgresUrl() : join(world.folder, 'target.db');
  const settings = {
    PATH: process.env.PATH,
    ...world.environment,
    SALLYPORT_DATABASE_URL: KIND === 'postgres' ? where : `sqlite:${where}`,
    SALLYPORT_KEYS: readFileSync(join(world.folder, 'keys'), 'utf8').trim(),
  };
  return { settings, where, args: [command, file], isBackup };
}

/** Resolves when the rows of the largest table are being copied, or the command has exited before that. */
async function halfWay(where: string, child: ChildProcess): Promise<void> {
  const watch = KIND === 'postgres' ? await lookInto(where) : undefined;
  const isThere = async (): Promise<boolean> => {
    if (watch === undefined) return existsSync(`${where}-wal`) && statSync(`${where}-wal`).size > HALF_WAY_BYTES;
    return (await watch.rows(INSERTS)).length > 0;
  };
  while (child.exitCode === null && !(await isThere())) await wait(1);
  await watch?.close();
}

const INSERTS = `
  select 1 from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and query ~ 'insert into .outbox'`;

async function contentsOf(where: string): Promise<{ users: number; outbox: number; told: number }> {
  if (KIND === 'sqlite' && !existsSync(where)) return NOTHING;
  const { rows, close } = await lookInto(where);
  const count = async (from: string) => Number((await rows(`select count(*) as n from ${from}`))[0]?.n);
  try {
    return {
      users: await count('users'),
      outbox: await count('outbox'),
      told: await count("audit_events where action in ('backup.restored', 'database.imported')"),
    };
  } catch (error) {
    // Killed before the schema existed.
    if (error instanceof Error && /no such table/.test(error.message)) return NOTHING;
    throw error;
  } finally {
    await close();
  }
}
