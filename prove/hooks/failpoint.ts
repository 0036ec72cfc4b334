import { readFileSync } from 'node:fs';

/** Narrow moments that chance seldom meets. In a process whose failpoint is armed, one of them is the last. */
export const FAILPOINTS = ['before_commit', 'after_commit_before_reply', 'before_claim', 'after_claim'] as const;

export type Failpoint = (typeof FAILPOINTS)[number];

const { PROVE_FAILPOINT_FILE = '' } = process.env;
let passed = 0;

/** Kills this process on the n-th pass of the armed failpoint: its name and n are in a file. */
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
