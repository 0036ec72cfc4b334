import pino, { type DestinationStream, type Logger } from 'pino';
import type { Config } from '#config.ts';
import { type Brand, settingsAndBrand } from '#core/brand/brand.ts';
import type { SettingsSnapshot } from '#core/instance/settings.ts';
import type { RefusalCounts } from '#core/limits/refusal-counts.ts';
import { readOrMakeKeyFile } from '#crypto/key-file.ts';
import { type KeyRing, loadKeyRing } from '#crypto/key-ring.ts';
import { type PasskeyVerifier, passkeyVerifier } from '#crypto/passkeys.ts';
import { createHasher, type PasswordHasher } from '#crypto/password-hash.ts';
import { createIdSource, randomBytes } from '#crypto/random.ts';
import { createRenewableRing } from '#crypto/renewable-ring.ts';
import type { Database } from '#store/engine/database.ts';
import { openSqlite } from '#store/engine/sqlite/open.ts';
import { watchedDatabase } from '#store/engine/watched.ts';
import { freshenSettings } from '#store/instance/fresh.ts';
import { forgetRingKey, listRingKeys, noteRingKey } from '#store/operations/ring-keys.ts';
import { listServers } from '#store/operations/servers.ts';
import type { RingKeyTable } from '#store/operations/tables.ts';

/** Everything that connects to the outside of the process; made once at start and passed as the first argument. */
export type Env = {
  readonly config: Config;
  /** The current brand of the service, for a reader of whom nothing is known. */
  readonly brand: () => Brand;
  /** What this process knows of the settings that administrators change while it runs. */
  readonly settings: SettingsSnapshot;
  readonly db: Database;
  /** Unix seconds, whole. */
  readonly now: () => number;
  /** Cryptographically random bytes. */
  readonly random: (bytes: number) => Buffer;
  /** A UUIDv7. */
  readonly newId: () => string;
  readonly keys: KeyRing;
  readonly hasher: PasswordHasher;
  readonly passkeys: PasskeyVerifier;
  readonly log: Logger;
  /** Refusals that this process has counted and not yet written to the database. */
  readonly refusals: RefusalCounts;
};

/**
 * Opens what the configuration names. With `create` (the server) missing files are made; else they are an error.
 *
 * Throws an error whose message is one line for the operator.
 */
export async function openEnv(
  config: Config,
  { create, logTo }: { create: boolean; logTo?: DestinationStream },
): Promise<Env> {
  const db = watchedDatabase(await openDatabase(config, create));
  try {
    // A new ring could open nothing that the database holds, and would look like the one that is lost.
    const isNew = create && (await listRingKeys(db.read)).length === 0;
    const env = makeEnv(config, { db, keys: openKeys(config, isNew), logTo });
    await checkRing(db, env.keys, env.now());
    await freshenSettings(env, { now: true });
    return env;
  } catch (error) {
    await db.close();
    throw error;
  }
}

/** Builds the environment with an open database and key ring. */
export function makeEnv(
  config: Config,
  { db, keys, logTo = standardOutput() }: { db: Database; keys: KeyRing; logTo?: DestinationStream | undefined },
): Env {
  return {
    config,
    ...settingsAndBrand(config),
    db,
    now: () => Math.floor(Date.now() / 1000),
    random: randomBytes,
    newId: createIdSource(Date.now),
    keys,
    hasher: createHasher({ processes: config.workers }),
    passkeys: passkeyVerifier,
    log: pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime }, logTo),
    refusals: new Map(),
  };
}

let output: DestinationStream | undefined;

function standardOutput(): DestinationStream {
  output ??= linesOfTurn(process.stdout);
  return output;
}

/** The level of pino's warnings. Errors have a higher one. */
const WARN = 40;

/**
 * Writes the lines of one turn of the event loop together, because one write for each request costs a tenth of a
 * session check. A warning or an error is written at once, after the lines before it. When the process exits, it writes
 * the rest.
 */
function linesOfTurn(target: DestinationStream): DestinationStream {
  let lines = '';
  const flush = (): void => {
    const text = lines;
    lines = '';
    if (text !== '') target.write(text);
  };
  process.on('exit', flush);
  const destination = {
    // With this property, pino sets `lastLevel` before each write.
    [pino.symbols.needsMetadataGsym]: true,
    lastLevel: WARN,
    write(line: string): void {
      if (lines === '') setImmediate(flush);
      lines += line;
      if (destination.lastLevel >= WARN) flush();
    },
  };
  return destination;
}

/** Opens only the database, as `openEnv` does. */
export async function openDatabase({ database, databaseConnections }: Config, create: boolean): Promise<Database> {
  if (database.kind === 'sqlite') return openSqlite(database.path, { create });
  // Imported here, because an installation with SQLite never needs this client.
  const { openPostgres } = await import('#store/engine/postgres/open.ts');
  return openPostgres(database.url, { create, connections: databaseConnections });
}

/** Opens only the key ring, as `openEnv` does. */
export function openKeys(config: Config, create: boolean): KeyRing {
  const { keysText, keysPath } = config;
  const text = keysText ?? readOrMakeKeyFile(keysPath ?? '', { create });
  if (typeof text !== 'string') throw new Error(text.problem);
  const keys = loadKeyRing(text, keysText === undefined ? keysPath : 'SALLYPORT_KEYS');
  if ('problem' in keys) throw new Error(keys.problem);
  // A ring from the environment changes only at a restart, but a rotation rewrites the file while we run.
  return keysText === undefined ? createRenewableRing(keys, () => rereadKeys(keysPath ?? '')) : keys;
}

function rereadKeys(path: string): KeyRing | undefined {
  const text = readOrMakeKeyFile(path, { create: false });
  const keys = typeof text === 'string' ? loadKeyRing(text, path) : undefined;
  return keys === undefined || 'problem' in keys ? undefined : keys;
}

/**
 * Stops a start if the ring lacks a key that rows may need, or has another key under its name. Otherwise sign-ins would
 * fail later, each at an unreadable authenticator or password.
 *
 * A new active key is recorded before it seals its first row, and only if every running server has it.
 */
export async function checkRing(db: Database, keys: KeyRing, now: number): Promise<void> {
  const known = await checkNotes(db, keys);
  const { activeKeyId } = keys;
  const active = known.find(({ id }) => id === activeKeyId);
  if (active?.retired_at)
    throw new Error(`the key ${activeKeyId} was retired and may seal nothing: put another key of the ring in front`);
  if (!active?.activated_at) await announceKey(db, keys, activeKeyId, now);
}

/** The keys recorded in a database. Throws if one of them is not in the ring. */
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
 * Records that a key is about to seal rows, so that no server starts without it. If a running server lacks the key and
 * could not open those rows, it removes the record and throws.
 *
 * It commits the record first and then reads the list of servers; a starting server does this in the opposite order. So
 * in every case one of the two sees the other.
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
