import { randomBytes as systemBytes } from 'node:crypto';

/** Cryptographically random bytes of the system: the one source of randomness that `Env` hands on. */
export function randomBytes(count: number): Buffer {
  return systemBytes(count);
}

/** Twelve bits of `rand_a` count the ids of one millisecond; the top one starts at 0, so at least 2,048 fit. */
const COUNTER_END = 0x1000;
const COUNTER_START_MASK = 0x7ff;

/**
 * A source of UUIDv7: each is greater than the one before it, so ids sort by age and insert at the end of an index.
 *
 * RFC 9562 §6.2 method 1: a counter in `rand_a` from a random start, fresh random bits in `rand_b`. When the counter
 * is full, or the clock stands still or goes back, the time part runs ahead instead of repeating.
 *
 * @param nowMs Unix milliseconds, from the caller's clock
 */
export function createIdSource(nowMs: () => number, random: (bytes: number) => Buffer = randomBytes): () => string {
  let lastMs = -1;
  let counter = 0;
  return () => {
    const bytes = Buffer.concat([Buffer.alloc(6), random(10)]);
    const ms = Math.floor(nowMs());
    counter += 1;
    if (ms > lastMs || counter === COUNTER_END) {
      lastMs = Math.max(ms, lastMs + 1);
      counter = bytes.readUInt16BE(6) & COUNTER_START_MASK;
    }
    bytes.writeUIntBE(lastMs, 0, 6);
    bytes.writeUInt16BE(0x7000 | counter, 6);
    bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  };
}
