import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second. */
const TICK_MS = 10;

/** CPU that a process has used since its start. 0 if that cannot be read. */
export function cpuMsOf(pid: number): number {
  return TICK_MS * ticksIn(statOf(String(pid)));
}

/** The same for a process with all its children. An exited child is counted with its parent. */
export function cpuMsOfFamily(pid: number): number {
  const own = statOf(String(pid));
  const ended = Number(own[13] ?? 0) + Number(own[14] ?? 0);
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(statOf)
    .filter((fields) => fields[1] === String(pid));
  return TICK_MS * [own, ...children].reduce((sum, fields) => sum + ticksIn(fields), ended);
}

function ticksIn(fields: readonly string[]): number {
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

/** The fields of `/proc/PID/stat` after the name, which may contain anything. Empty if the process has exited. */
function statOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return [];
  }
}
