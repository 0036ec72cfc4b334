import { readFileSync } from 'node:fs';

const { PROVE_CLOCK_FILE = '' } = process.env;
const LOOK_EVERY_MS = 10;

/** From now on the wall clock of this process is wrong by the seconds in a file. The steady clock cannot be set. */
export function followClockFile(): void {
  const rightMs = Date.now;
  let [lookedMs, offsetMs] = [0, 0];
  Date.now = () => {
    const nowMs = rightMs();
    if (nowMs - lookedMs >= LOOK_EVERY_MS) [lookedMs, offsetMs] = [nowMs, secondsInFile() * 1000];
    return nowMs + offsetMs;
  };
}

function secondsInFile(): number {
  try {
    return Number(readFileSync(PROVE_CLOCK_FILE, 'utf8'));
  } catch {
    return 0;
  }
}
