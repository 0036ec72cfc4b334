import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../test/databases/cluster.ts';
import { untilAnswer } from '../client.ts';
import { median, row } from '../table.ts';
import { START, START_BARE } from './child.ts';
import type { Place } from './nodes.ts';
import { cpuMsOf } from './process-cpu.ts';

type Start = { readonly ms: number; readonly cpuMs: number };

/** From the start of the process to its first answer, in turn with the smallest server of the same kind. */
export async function coldStart({ environment }: Place, runs: number): Promise<void> {
  // Makes the schema, and the compile cache of both.
  await startOnce(START, environment);
  await startOnce(START_BARE, environment);
  const ours: Start[] = [];
  const bare: Start[] = [];
  for (let run = 0; run < runs; run += 1) {
    ours.push(await startOnce(START, environment));
    bare.push(await startOnce(START_BARE, environment));
  }
  const ratio = (of: keyof Start) => median(ours.map((one, index) => one[of] / (bare[index]?.[of] ?? 1))).toFixed(1);
  row('bare server, cold start', textOf(bare));
  row('cold start', `${textOf(ours)} = ${ratio('ms')} bare starts, by CPU ${ratio('cpuMs')}; median of ${runs}`);
}

async function startOnce(command: readonly string[], environment: Place['environment']): Promise<Start> {
  const port = await freePort();
  const startedAt = performance.now();
  const child = spawn(process.execPath, command, {
    env: { ...process.env, ...environment, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await untilAnswer(port, () => child.exitCode !== null);
  const ms = performance.now() - startedAt;
  const cpuMs = cpuMsOf(child.pid ?? 0);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
  return { ms, cpuMs };
}

function textOf(starts: readonly Start[]): string {
  const [ms, cpuMs] = (['ms', 'cpuMs'] as const).map((of) => median(starts.map((one) => one[of])).toFixed(0));
  return `${ms} ms, ${cpuMs} ms CPU`;
}
