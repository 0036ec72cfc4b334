import { randomUUID, randomBytes as systemBytes } from 'node:crypto';

const POOL_BYTES = 4096;
let pool = Buffer.alloc(0);

/**
 * Cryptographically random bytes of the system: the only source of randomness for `Env`.
 *
 * Small requests use a pool, at a tenth of the cost; each byte is used once and erased from the pool.
 */
export function randomBytes(count: number): Buffer {
  if (count > POOL_BYTES / 8) return systemBytes(count);
  if (pool.length < count) pool = systemBytes(POOL_BYTES);
  const drawn = Buffer.from(pool.subarray(0, count));
  pool.fill(0, 0, count);
  pool = pool.subarray(count);
  return drawn;
}

/** Twelve bits of `rand_a` count the ids of one millisecond; the top bit starts at 0, so at least 2,048 ids fit. */
const COUNTER_END = 0x1000;
const COUNTER_START_MASK = 0x7ff;

/**
 * A source of UUIDv7: each is greater than the one before, so ids sort by age and are inserted at the end of an index.
 *
 * RFC 9562 §6.2 method 1: a counter in `rand_a` with a random start, fresh random bits in `rand_b`. If the counter is
 * full, or the clock stops or goes back, the time part runs ahead, so that no id repeats.
 *
 * @param nowMs Unix milliseconds, from the caller's clock
 * @param uuid a random UUIDv4 for the bits: Node makes these from a pool, at a tenth of the cost of bytes
 */
export function createIdSource(nowMs: () => number, uuid: () => string = randomUUID): () => string {
  let lastMs = -1;
  let counter = 0;
  return () => {
    const random = uuid();
    const ms = Math.floor(nowMs());
    counter += 1;
    if (ms > lastMs || counter === COUNTER_END) {
      lastMs = Math.max(ms, lastMs + 1);
      counter = Number.parseInt(random.slice(0, 4), 16) & COUNTER_START_MASK;
    }
    const time = lastMs.toString(16).padStart(12, '0');
    // Both versions have the variant and `rand_b` in the same place, after the third dash.
    return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}${random.slice(18)}`;
  };
}
