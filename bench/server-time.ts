import { sql } from 'kysely';
import type { Database } from '#store/engine/database.ts';
import { cpuMsOf } from './processes/process-cpu.ts';
import { median } from './table.ts';

/**
 * The cost of an answer in milliseconds. Other load on the machine affects the first two figures, but not the last two.
 */
export type ServerTime = {
  readonly middle: number;
  /** The mean of the fastest third, which approximates an idle machine. */
  readonly quick: number;
  readonly cpu: number;
  /** CPU of the PostgreSQL processes that worked for us. 0 for SQLite, which runs in our process. */
  readonly databaseCpu: number;
};

const RUNS = 9;

/** The time of the work after a first run. */
export async function serverTimeOf(db: Database, work: () => Promise<unknown>): Promise<ServerTime> {
  await work();
  const databaseBefore = await databaseCpuMs(db);
  const [times, cpus]: [number[], number[]] = [[], []];
  for (let run = 0; run < RUNS; run += 1) {
    const [startedAt, cpuBefore] = [performance.now(), process.cpuUsage()];
    await work();
    times.push(performance.now() - startedAt);
    const { user, system } = process.cpuUsage(cpuBefore);
    cpus.push((user + system) / 1000);
  }
  const quickest = times.toSorted((one, other) => one - other).slice(0, Math.ceil(RUNS / 3));
  return {
    middle: median(times),
    quick: quickest.reduce((sum, one) => sum + one, 0) / quickest.length,
    cpu: median(cpus),
    databaseCpu: ((await databaseCpuMs(db)) - databaseBefore) / RUNS,
  };
}

/** Works only if the server's processes are on this machine and readable, otherwise 0. */
async function databaseCpuMs({ kind, read }: Database): Promise<number> {
  if (kind === 'sqlite' || process.platform !== 'linux') return 0;
  const { rows } = await sql<{ pid: number }>`
    select pid from pg_stat_activity where datname = current_database() and application_name = 'sallyport'`.execute(
    read,
  );
  return rows.reduce((sum, { pid }) => sum + cpuMsOf(pid), 0);
}
