import { availableParallelism } from 'node:os';
import { hash, type Options, parseOptions, verify } from '@node-rs/argon2';
import type { Refusal } from '#core/values/result.ts';
import { type Asker, createHashQueue, type OnCore, type QueueOptions } from './hash-queue.ts';
import { randomBytes } from './random.ts';

/** Hashes passwords and recovery codes with Argon2id. Passwords are already NFC. */
export type PasswordHasher = {
  /**
   * Waits for the job's turn in the queue and runs it, or refuses. What a job counts before it hashes is not counted
   * while it waits. A job never waits for another one inside it.
   */
  inTurn<T>(asker: Asker, kind: HashJob, job: (hashing: Hashing) => Promise<T>): Promise<T | Refusal>;
  /** The PHC string of a password, as a separate job. */
  hash(password: string, asker?: Asker): Promise<string | Refusal>;
  /** Whether `phc` has other parameters than today's. Throws if it is not a PHC string of Argon2. */
  needsRehash(phc: string): boolean;
  /** A PHC string that matches no password, with today's parameters. It is made without hashing. */
  unknown(): string;
  /** The number of waiting jobs, for health and metrics. */
  queueDepth(): number;
};

/** The main work of a job, from which the queue estimates its time. */
export type HashJob = 'password' | 'code' | 'codes';

/** The hashes of a job at its turn. */
export type Hashing = {
  /** The PHC string. */
  hash(password: string): Promise<string>;
  /**
   * Whether `password` matches `phc`. Without `phc` (an unknown email) it does the same work and returns false.
   *
   * Throws if `phc` is not a PHC string of Argon2.
   */
  verify(phc: string | undefined, password: string): Promise<boolean>;
  /** The same for a recovery code. */
  verifyCode(phc: string | undefined, code: string): Promise<boolean>;
  /** The PHC strings of recovery codes, as one piece of work. */
  hashCodes(codes: readonly string[]): Promise<string[]>;
};

/** The slow calls; a test replaces them with slower or counted ones. */
export type Argon2 = {
  hash(password: string): Promise<string>;
  hashCode(code: string): Promise<string>;
  verify(phc: string, password: string): Promise<boolean>;
};

type HasherOptions = Partial<QueueOptions> & { readonly argon2?: Argon2; readonly processes?: number };

const SALT_BYTES = 16;
/** OWASP's second choice for Argon2id: 19 MiB, two passes, one lane. */
const PARAMETERS = {
  // Argon2id and version 0x13 as numbers, because the package's enums exist only as types.
  algorithm: 2,
  version: 1,
  memoryCost: 19_456,
  timeCost: 2,
  parallelism: 1,
  outputLen: 32,
} as const satisfies Options;

/** A recovery code has 80 random bits, so it needs no stretching: SP 800-63B-4 requires a password hash but no cost. */
const CODE_PARAMETERS = { ...PARAMETERS, memoryCost: 1_024 } as const satisfies Options;

/** A code costs a fortieth of a password: measured, and less than its share of memory, because it fits the cache. */
const CODE_UNITS = 1 / 40;
const UNITS: Readonly<Record<HashJob, number>> = { password: 1, code: CODE_UNITS, codes: 10 * CODE_UNITS };

/** Three are counted in the database while one is hashed, so no core waits for a commit, which can be slower. */
const JOBS_PER_HASH = 4;
/**
 * For one address on one machine. The tries of these jobs are counted and not given back yet. An address has 20 tries
 * (`addressPasswords`), so an office of hundreds waits in the queue, even on three machines, and is never refused.
 */
const JOBS_PER_ADDRESS = 6;

/**
 * A hasher with its queue.
 *
 * The hashes run in libuv's pool, which has four threads unless UV_THREADPOOL_SIZE is set before the process starts. It
 * must be larger than `concurrency`, because otherwise file access and name look-ups wait for hashes.
 *
 * @param options.concurrency hashes at once, by default one per core; more would reduce throughput
 * @param options.processes how many processes share the cores
 */
export function createHasher(options: HasherOptions = {}): PasswordHasher {
  const { argon2 = NATIVE, processes = 1, queueSeconds = 10, nowMs = monotonicMs } = options;
  const share = (ofMachine: number): number => Math.max(1, Math.floor(ofMachine / processes));
  const { concurrency = share(availableParallelism()), jobsPerHash = JOBS_PER_HASH } = options;
  const { jobsPerAddress = share(JOBS_PER_ADDRESS) } = options;
  const queue = createHashQueue({ concurrency, queueSeconds, jobsPerHash, jobsPerAddress, nowMs });
  const dummies = { password: unknownPhc(PARAMETERS), code: unknownPhc(CODE_PARAMETERS) };
  const inTurn: PasswordHasher['inTurn'] = (asker, kind, job) =>
    queue.run(asker, UNITS[kind], (onCore) => job(hashingOn(onCore, argon2, dummies)));

  return {
    inTurn,
    hash: (password, asker = {}) => inTurn(asker, 'password', (hashing) => hashing.hash(password)),
    needsRehash(phc) {
      const { saltLen, ...parameters } = parseOptions(phc);
      const isSame = Object.entries(PARAMETERS).every(([name, value]) => Reflect.get(parameters, name) === value);
      return !isSame || saltLen !== SALT_BYTES;
    },
    unknown: () => unknownPhc(PARAMETERS),
    queueDepth: queue.depth,
  };
}

type Dummies = { readonly password: string; readonly code: string };

function hashingOn(onCore: OnCore, argon2: Argon2, dummies: Dummies): Hashing {
  const compare = async (phc: string | undefined, text: string, dummy: string, units: number): Promise<boolean> => {
    const matches = await onCore({ hashes: 1, units, work: () => argon2.verify(phc ?? dummy, text) });
    return phc !== undefined && matches;
  };
  return {
    hash: (password) => onCore({ hashes: 1, units: 1, work: () => argon2.hash(password) }),
    verify: (phc, password) => compare(phc, password, dummies.password, 1),
    verifyCode: (phc, code) => compare(phc, code, dummies.code, CODE_UNITS),
    // Together they cost a fourth of a password. In sequence each would wait for this thread, which is busy when
    // everybody enrolls in the morning.
    hashCodes: (codes) =>
      onCore({
        hashes: codes.length,
        units: codes.length * CODE_UNITS,
        work: () => Promise.all(codes.map((code) => argon2.hashCode(code))),
      }),
  };
}

const NATIVE: Argon2 = {
  hash: (password) => hash(password, { ...PARAMETERS, salt: randomBytes(SALT_BYTES) }),
  hashCode: (code) => hash(code, { ...CODE_PARAMETERS, salt: randomBytes(SALT_BYTES) }),
  verify: (phc, password) => verify(phc, password),
};

/** A PHC string without a password: its random tag costs as much to refuse as a real one. */
function unknownPhc({
  memoryCost,
  timeCost,
  parallelism,
  outputLen,
}: typeof PARAMETERS | typeof CODE_PARAMETERS): string {
  const [salt, tag] = [SALT_BYTES, outputLen].map((size) => randomBytes(size).toString('base64').replace(/=+$/, ''));
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${salt}$${tag}`;
}

function monotonicMs(): number {
  return performance.now();
}
