import { readFileSync } from 'node:fs';

/** Narrow moments that a random fault rarely hits. A process with an armed failpoint dies at one of them. */
export const FAILPOINTS = ['before_commit', 'after_commit_before_reply', 'before_claim', 'after_claim'] as const;

export type Failpoint = (typeof FAILPOINTS)[number];

const { PROVE_FAILPOINT_FILE = '' } = process.env;
let passed = 0;

/** Kills this process at the n-th pass of the armed failpoint. A file holds its name and n. */
export function pass(name: Failpoint): void {
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
