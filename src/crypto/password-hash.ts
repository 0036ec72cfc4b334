import { availableParallelism } from 'node:os';
import { hash, type Options, parseOptions, verify } from '@node-rs/argon2';
import type { Refusal } from '#core/result.ts';
import { createHashQueue, type QueueOptions } from './hash-queue.ts';
import { randomBytes } from './random.ts';

/** Passwords and recovery codes, hashed with Argon2id. Passwords are NFC already. */
export type PasswordHasher = {
  /** The PHC string. */
  hash(password: string): Promise<string | Refusal>;
  /**
   * Whether `password` is the one of `phc`. Without one (an unknown email) it does the same work and answers false.
   *
   * Throws when `phc` is not a PHC string of Argon2.
   */
  verify(phc: string | undefined, password: string): Promise<boolean | Refusal>;
  /** Whether `phc` was made with other parameters than today's. Throws when it is not a PHC string of Argon2. */
  needsRehash(phc: string): boolean;
  /** All of them, one after the other, as one job: an enrollment takes one place in the queue, not ten. */
  hashCodes(codes: readonly string[]): Promise<string[] | Refusal>;
  /** Jobs waiting, for health and metrics. */
  queueDepth(): number;
};

/** The two calls that cost; a test puts slower or counted ones in their place. */
export type Argon2 = {
  hash(password: string): Promise<string>;
  verify(phc: string, password: string): Promise<boolean>;
};

type HasherOptions = Partial<QueueOptions> & { readonly argon2?: Argon2; readonly processes?: number };

const SALT_BYTES = 16;
/** OWASP's second choice for Argon2id: 19 MiB, two passes, one lane. */
const PARAMETERS = {
  // Argon2id and version 0x13, by number: the package's enums exist for its own types only.
  algorithm: 2,
  version: 1,
  memoryCost: 19_456,
  timeCost: 2,
  parallelism: 1,
  outputLen: 32,
} as const satisfies Options;

/**
 * A hasher with its queue.
 *
 * The hashes run on libuv's pool, which has four threads unless UV_THREADPOOL_SIZE says otherwise before the process
 * starts: it must be larger than `concurrency`, or the hashes keep files and name look-ups waiting.
 *
 * @param options.concurrency hashes at once, by default one per core: more only costs throughput
 * @param options.processes how many share the cores
 */
export function createHasher(options: HasherOptions = {}): PasswordHasher {
  const { argon2 = NATIVE, processes = 1, queueSeconds = 2, nowMs = monotonicMs } = options;
  const { concurrency = Math.max(1, Math.floor(availableParallelism() / processes)) } = options;
  const queue = createHashQueue({ concurrency, queueSeconds, nowMs });
  const dummy = dummyPhc();

  return {
    hash: (password) => queue.run(1, () => argon2.hash(password)),
    async verify(phc, password) {
      const matches = await queue.run(1, () => argon2.verify(phc ?? dummy, password));
      return phc === undefined && matches === true ? false : matches;
    },
    needsRehash(phc) {
      const { saltLen, ...parameters } = parseOptions(phc);
      const isSame = Object.entries(PARAMETERS).every(([name, value]) => Reflect.get(parameters, name) === value);
      return !isSame || saltLen !== SALT_BYTES;
    },
    hashCodes: (codes) => queue.run(codes.length, () => inTurn(codes, argon2.hash)),
    queueDepth: queue.depth,
  };
}

async function inTurn(texts: readonly string[], hashOne: Argon2['hash']): Promise<string[]> {
  const hashes: string[] = [];
  for (const text of texts) hashes.push(await hashOne(text));
  return hashes;
}

const NATIVE: Argon2 = {
  hash: (password) => hash(password, { ...PARAMETERS, salt: randomBytes(SALT_BYTES) }),
  verify: (phc, password) => verify(phc, password),
};

/** A hash of nothing, with today's parameters: a random tag costs as much to refuse as a real one, and no start-up. */
function dummyPhc(): string {
  const { memoryCost, timeCost, parallelism, outputLen } = PARAMETERS;
  const [salt, tag] = [SALT_BYTES, outputLen].map((size) => randomBytes(size).toString('base64').replace(/=+$/, ''));
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${salt}$${tag}`;
}

function monotonicMs(): number {
  return performance.now();
}
