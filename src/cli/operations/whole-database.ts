import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ACTOR } from '#cli/open.ts';
import type { Config } from '#config.ts';
import { checkNotes, type Env, makeEnv, openDatabase, openKeys } from '#env.ts';
import { sealAuditTail } from '#features/operate/audit.ts';
import { putRightAtOnce } from '#features/operate/clock.ts';
import { recordActivation } from '#features/operate/retire-key.ts';
import type { Database } from '#store/engine/database.ts';
import { isSqliteInUse } from '#store/engine/sqlite/source.ts';
import { listServers } from '#store/operations/servers.ts';

/** The same words for every command that fills the whole database. */
const STOP_FIRST = 'stop every server first: what it holds would be replaced under its feet';

/**
 * Opens the database of the settings to be filled from another: makes it where there is none, never a key ring, and
 * refuses while a server runs on it or where the ring lacks a key that the rows to come need.
 */
export async function withTarget<T>(config: Config, source: Database, work: (env: Env) => Promise<T>): Promise<T> {
  const keys = openKeys(config, false);
  const { database, keysPath } = config;
  if (keysPath !== undefined) assertSameOwner(keysPath);
  await checkNotes(source, keys);
  if (database.kind === 'sqlite' && existsSync(database.path) && isSqliteInUse(database.path)) {
    throw new Error(`another process has ${database.path} open: ${STOP_FIRST}`);
  }
  await (await openDatabase(config, true)).close();
  // Opened again as a command: its statements may take their time.
  const db = await openDatabase(config, false);
  try {
    const env = makeEnv({ ...config, logLevel: 'error' }, { db, keys, logTo: process.stderr });
    await putRightAtOnce(env);
    const [running] = database.kind === 'postgres' ? await listServers(db.read, env.now()) : [];
    if (running !== undefined) {
      throw new Error(`the server ${running.name} runs, or ended less than 30 seconds ago: ${STOP_FIRST}`);
    }
    const outcome = await work(env);
    await recordActivation(env, { actor: ACTOR });
    await sealAuditTail(env);
    return outcome;
  } finally {
    await db.close();
  }
}

/** Root reads what its server cannot: a ring that was copied by root into the folder of that user. */
function assertSameOwner(keysPath: string): void {
  if (process.getuid?.() !== 0 || !existsSync(keysPath)) return;
  const { uid, gid } = statSync(dirname(keysPath));
  if (statSync(keysPath).uid === uid) return;
  throw new Error(
    `${keysPath} belongs to another user than its folder: chown ${uid}:${gid} ${keysPath}, then run this again`,
  );
}
