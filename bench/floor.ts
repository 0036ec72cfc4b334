import { createHasher } from '#crypto/password-hash.ts';
import { type Cost, costOf, costText, type Measured, SESSION_CHECK, statusOf } from './measure.ts';
import { START_BARE, startChild } from './processes/child.ts';
import { PASSWORD } from './seed.ts';
import { median } from './table.ts';

/** What an operation cannot be cheaper than: a hash if it has a password, and an answer of a server without a task. */
export type Floor = { readonly hashMs: number; readonly bareMs: number };

export async function rawHash(count: number): Promise<{ readonly cpuMs: number; readonly perSecond: number }> {
  const hasher = createHasher({ queueSeconds: 600 });
  const phc = await hasher.hash(PASSWORD);
  const before = process.cpuUsage();
  const startedAt = performance.now();
  const one = () => hasher.inTurn({}, 'password', (hashing) => hashing.verify(String(phc), PASSWORD));
  await Promise.all(Array.from({ length: count }, one));
  const spent = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { cpuMs: (user + system) / 1000 / count, perSecond: count / spent };
}

/** A server that answers a session check at once with this many bytes, and stops after the work. */
export async function withBare<T>(bodyBytes: number, work: (bare: Measured) => Promise<T>): Promise<T> {
  const child = await startChild(START_BARE, { BODY_BYTES: String(bodyBytes) }, 'ignore');
  const nodes = { ports: [child.port], usage: async () => [await child.usage('usage')] };
  try {
    return await work({ nodes, place: { databaseCpuMs: () => undefined }, seconds: 1 });
  } finally {
    await child.stop();
  }
}

export function bareAnswers(bare: Measured): Promise<Cost> {
  const call = { ...SESSION_CHECK, token: 'x'.repeat(43) };
  return costOf(bare, { concurrency: 32, jobs: Number.POSITIVE_INFINITY }, (send) => statusOf(send, call));
}

/** The median round, and its ratios to the floor of the same round. */
export function figureOf(costs: readonly Cost[], floors: readonly Floor[]): string {
  const ratio = (of: keyof Floor) =>
    timesText(median(costs.map((cost, round) => wholeOf(cost) / (floors[round]?.[of] ?? Number.NaN))));
  return costText(middleOf(costs), ` = ${ratio('hashMs')} raw hashes, ${ratio('bareMs')} bare answers`);
}

export function middleOf(costs: readonly Cost[]): Cost {
  const middle = costs.toSorted((one, other) => wholeOf(one) - wholeOf(other))[Math.floor(costs.length / 2)];
  if (!middle) throw new Error('no round was counted');
  return middle;
}

function wholeOf({ cpuMs, databaseMs = 0 }: Cost): number {
  return cpuMs + databaseMs;
}

/** "1/88", "2.9", "153". */
function timesText(ratio: number): string {
  if (ratio < 0.2) return `1/${(1 / ratio).toFixed(0)}`;
  return ratio.toFixed(ratio < 10 ? 2 : 0);
}
