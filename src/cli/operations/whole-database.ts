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

/** The same text for every command that fills the whole database. */
const STOP_FIRST = 'stop every server first: what it holds would be replaced under its feet';

/**
 * Opens the configured database as the target of a copy. Creates it if it is missing, but never a key ring. Refuses
 * while a server runs on it, or if the ring lacks a key that the copied rows need.
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
  // Opened again as a command, because its statements may take long.
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

/** Root can read what the server's user cannot: a ring that root copied into that user's folder. */
function assertSameOwner(keysPath: string): void {
  if (process.getuid?.() !== 0 || !existsSync(keysPath)) return;
  const { uid, gid } = statSync(dirname(keysPath));
  if (statSync(keysPath).uid === uid) return;
  throw new Error(
    `${keysPath} belongs to another user than its folder: chown ${uid}:${gid} ${keysPath}, then run this again`,
  );
}
