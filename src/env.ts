import pino, { type DestinationStream, type Logger } from 'pino';
import type { Config } from '#config.ts';
import type { RefusalCounts } from '#core/limits/refusal-counts.ts';
import { readOrMakeKeyFile } from '#crypto/key-file.ts';
import { type KeyRing, loadKeyRing } from '#crypto/key-ring.ts';
import { createHasher, type PasswordHasher } from '#crypto/password-hash.ts';
import { createIdSource, randomBytes } from '#crypto/random.ts';
import { createRenewableRing } from '#crypto/renewable-ring.ts';
import type { Database } from '#store/engine/database.ts';
import { openSqlite } from '#store/engine/sqlite/open.ts';
import { watchedDatabase } from '#store/engine/watched.ts';
import { forgetRingKey, listRingKeys, noteRingKey } from '#store/operations/ring-keys.ts';
import { listServers } from '#store/operations/servers.ts';
import type { RingKeyTable } from '#store/operations/tables.ts';

/** Everything that reaches outside the process, made once at start and passed first. */
export type Env = {
  readonly config: Config;
  readonly db: Database;
  /** Unix seconds, whole. */
  readonly now: () => number;
  /** Cryptographically random bytes. */
  readonly random: (bytes: number) => Buffer;
  /** A UUIDv7. */
  readonly newId: () => string;
  readonly keys: KeyRing;
  readonly hasher: PasswordHasher;
  readonly log: Logger;
  /** What this process has refused since it last told the database. */
  readonly refusals: RefusalCounts;
};

/**
 * Opens what the configuration names. With `create` (the server) missing files are made; without it they are an error.
 *
 * Throws an error whose message is one line for the operator.
 */
export async function openEnv(
  config: Config,
  { create, logTo }: { create: boolean; logTo?: DestinationStream },
): Promise<Env> {
  const db = watchedDatabase(await openDatabase(config, create));
  try {
    const env = makeEnv(config, { db, keys: openKeys(config, create), logTo });
    await checkRing(db, env.keys, env.now());
    return env;
  } catch (error) {
    await db.close();
    throw error;
  }
}

/** The rest of it, around a database and a ring that are open. */
export function makeEnv(
  config: Config,
  { db, keys, logTo = process.stdout }: { db: Database; keys: KeyRing; logTo?: DestinationStream | undefined },
): Env {
  return {
    config,
    db,
    now: () => Math.floor(Date.now() / 1000),
    random: randomBytes,
    newId: createIdSource(Date.now),
    keys,
    hasher: createHasher({ processes: config.workers }),
    log: pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime }, logTo),
    refusals: new Map(),
  };
}

/** Opens the database alone, as `openEnv` does. */
export async function openDatabase({ database, databaseConnections }: Config, create: boolean): Promise<Database> {
  if (database.kind === 'sqlite') return openSqlite(database.path, { create });
  // A client that an installation on SQLite never loads.
  const { openPostgres } = await import('#store/engine/postgres/open.ts');
  return openPostgres(database.url, { create, connections: databaseConnections });
}

/** The key ring alone, as `openEnv` reads it. */
export function openKeys(config: Config, create: boolean): KeyRing {
  const { keysText, keysPath } = config;
  const text = keysText ?? readOrMakeKeyFile(keysPath ?? '', { create });
  if (typeof text !== 'string') throw new Error(text.problem);
  const keys = loadKeyRing(text, keysText === undefined ? keysPath : 'SALLYPORT_KEYS');
  if ('problem' in keys) throw new Error(keys.problem);
  // A ring from the environment changes with a restart; the file is rewritten by a rotation while we run.
  return keysText === undefined ? createRenewableRing(keys, () => rereadKeys(keysPath ?? '')) : keys;
}

function rereadKeys(path: string): KeyRing | undefined {
  const text = readOrMakeKeyFile(path, { create: false });
  const keys = typeof text === 'string' ? loadKeyRing(text, path) : undefined;
  return keys === undefined || 'problem' in keys ? undefined : keys;
}

/**
 * Stops a start with a ring that lacks a key which rows may need, or holds another key of the same name: every
 * authenticator and password would be unreadable, one by one, at sign-in.
 *
 * A new active key is noted before it seals its first row, and only where every running server holds it.
 */
export async function checkRing(db: Database, keys: KeyRing, now: number): Promise<void> {
  const known = await checkNotes(db, keys);
  const { activeKeyId } = keys;
  const active = known.find(({ id }) => id === activeKeyId);
  if (active?.retired_at)
    throw new Error(`the key ${activeKeyId} was retired and may seal nothing: put another key of the ring in front`);
  if (!active?.activated_at) await announceKey(db, keys, activeKeyId, now);
}

/** The notes of a database, once every key that is noted there is in the ring. Throws where one is not. */
export async function checkNotes(db: Pick<Database, 'read'>, keys: KeyRing): Promise<readonly RingKeyTable[]> {
  const known = await listRingKeys(db.read);
  for (const note of known) checkNote(keys, note);
  return known;
}

function checkNote(keys: KeyRing, { id, fingerprint, retired_at }: RingKeyTable): void {
  const isHeld = keys.keyIds.includes(id);
  if (!isHeld && retired_at !== null) return;
  if (!isHeld)
    throw new Error(`the key ring lacks the key ${id}, which rows in the database need: add it to the ring again`);
  if (keys.fingerprint(id) === fingerprint) return;
  throw new Error(
    `the key ${id} of the ring is not the key ${id} that rows in the database were sealed with: give the ring that belongs to this database`,
  );
}

/**
 * Notes that a key is about to seal rows: no server starts without it any more. Throws, and takes the note back, while
 * a server runs that does not hold it: it could not open those rows.
 *
 * The note is committed first and the servers are asked then; a server does it the other way round. So whatever comes
 * between, one of the two sees the other.
 */
export async function announceKey(db: Database, keys: KeyRing, keyId: string, now: number): Promise<void> {
  const note = { id: keyId, fingerprint: keys.fingerprint(keyId), first_used_at: now };
  await db.transaction((tx) => noteRingKey(tx, note));
  const lacking = (await listServers(db.read, now)).find(({ keyIds }) => !keyIds.includes(keyId));
  if (lacking === undefined) return;
  await db.transaction((tx) => forgetRingKey(tx, keyId));
  throw new Error(
    `the server ${lacking.name} does not hold the key ${keyId}, so nothing may be sealed with it yet: give every server a ring with ${keyId} at its end and restart it, then put ${keyId} in front`,
  );
}
