import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { BREAKAGES, FAILPOINTS, type Patch, TUNINGS } from './patches.ts';

// Loaded into a server process with `node --import`, so that the product carries no hook and no switch of a test.
const { PROVE_BREAKAGE = '', PROVE_TUNING = '', PROVE_FAILPOINT_FILE = '', PROVE_CLOCK_FILE = '' } = process.env;
const patches: readonly Patch[] = [
  ...listed(BREAKAGES, PROVE_BREAKAGE),
  ...listed(TUNINGS, PROVE_TUNING),
  ...Object.values(FAILPOINTS).flat(),
];

let passed = 0;
Object.assign(globalThis, { passFailpoint });

/** Kills this process on the n-th way through the failpoint that is armed: its name and n stand in a file. */
function passFailpoint(name: string): void {
  const [armed, hits] = armedFailpoint();
  if (armed !== name) return;
  passed += 1;
  if (passed === Number(hits)) process.kill(process.pid, 'SIGKILL');
}

function armedFailpoint(): readonly string[] {
  try {
    return readFileSync(PROVE_FAILPOINT_FILE, 'utf8').split(' ');
  } catch {
    return [];
  }
}

/** By how many seconds the wall clock of this process is wrong stands in a file; the steady one cannot be set. */
function aheadMs(): number {
  try {
    return Number(readFileSync(PROVE_CLOCK_FILE, 'utf8')) * 1000;
  } catch {
    return 0;
  }
}

const LOOK_EVERY_MS = 10;
const rightMs = Date.now;
const known = { lookedMs: 0, aheadMs: 0 };
Date.now = () => {
  const nowMs = rightMs();
  if (nowMs - known.lookedMs >= LOOK_EVERY_MS) Object.assign(known, { lookedMs: nowMs, aheadMs: aheadMs() });
  return nowMs + known.aheadMs;
};

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const mine = patches.filter(({ file }) => url.endsWith(`/src/${file}`));
    if (mine.length === 0) return loaded;
    return { ...loaded, source: mine.reduce(applied, String(loaded.source)) };
  },
});

function listed(table: Readonly<Record<string, readonly Patch[]>>, name: string): readonly Patch[] {
  if (name === '') return [];
  const found = table[name];
  if (found === undefined) throw new Error(`there is no patch ${name}`);
  return found;
}

/** A patch that no longer fits ends the start: a broken breakage must not pass for a sound product. */
function applied(source: string, { file, from, to }: Patch): string {
  const parts = source.split(from);
  if (parts.length !== 2) throw new Error(`the patch of ${file} fits ${parts.length - 1} times, not once: ${from}`);
  return parts.join(to);
}
