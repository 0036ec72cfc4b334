import pino, { type DestinationStream, type Logger } from 'pino';
import type { Config } from '#config.ts';
import { readOrMakeKeyFile } from '#crypto/key-file.ts';
import { type KeyRing, loadKeyRing } from '#crypto/key-ring.ts';
import { createHasher, type PasswordHasher } from '#crypto/password-hash.ts';
import { createIdSource, randomBytes } from '#crypto/random.ts';
import type { Database } from '#store/database.ts';
import { listRingKeys, noteRingKey } from '#store/ring-keys.ts';
import { openSqlite } from '#store/sqlite.ts';
import { watchedDatabase } from '#store/watched.ts';

/** Everything with a wire in it, made once at start and passed first. */
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
    const keys = openKeys(config, create);
    const now = () => Math.floor(Date.now() / 1000);
    await checkRing(db, keys, now());
    return {
      config,
      db,
      now,
      random: randomBytes,
      newId: createIdSource(Date.now),
      keys,
      hasher: createHasher({ processes: config.workers }),
      log: pino(
        { level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime },
        logTo ?? process.stdout,
      ),
    };
  } catch (error) {
    await db.close();
    throw error;
  }
}

async function openDatabase({ database, databaseConnections }: Config, create: boolean): Promise<Database> {
  if (database.kind === 'sqlite') return openSqlite(database.path, { create });
  // A client that whoever stays with SQLite never loads.
  const { openPostgres } = await import('#store/postgres.ts');
  return openPostgres(database.url, { create, connections: databaseConnections });
}

function openKeys(config: Config, create: boolean): KeyRing {
  const { keysText, keysPath } = config;
  const text = keysText ?? readOrMakeKeyFile(keysPath ?? '', { create });
  if (typeof text !== 'string') throw new Error(text.problem);
  const keys = loadKeyRing(text, keysText === undefined ? keysPath : 'SALLYPORT_KEYS');
  if ('problem' in keys) throw new Error(keys.problem);
  return keys;
}

const FINGERPRINT_OF = 'fingerprint';

/**
 * Stops a start with a ring that lacks a key which rows may need, or holds another key of the same name: every
 * authenticator and password would be unreadable, one by one, at sign-in.
 */
export async function checkRing(db: Database, keys: KeyRing, now: number): Promise<void> {
  const known = await listRingKeys(db.read);
  for (const { id, fingerprint } of known) {
    if (!keys.keyIds.includes(id))
      throw new Error(`the key ring lacks the key ${id}, which rows in the database need: add it to the ring again`);
    if (!keys.verifyMac('token', FINGERPRINT_OF, id, fingerprint)) {
      throw new Error(
        `the key ${id} of the ring is not the key ${id} that rows in the database were sealed with: give the ring that belongs to this database`,
      );
    }
  }
  if (known.some(({ id }) => id === keys.activeKeyId)) return;
  const key = { id: keys.activeKeyId, fingerprint: keys.mac('token', FINGERPRINT_OF), first_used_at: now };
  await db.transaction((tx) => noteRingKey(tx, key));
}
