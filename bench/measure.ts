import { codesOf, stepAt } from '#core/authenticators/totp.ts';
import { type Call, type Load, load, type Reply } from './client.ts';
import type { Nodes, Place } from './processes/nodes.ts';
import { PASSWORD, type SeededUser } from './seed.ts';

/** A running service, and the measuring time of each part. */
export type Bench = { readonly place: Place; readonly nodes: Nodes; readonly seconds: number };

/** What a cost is measured on. */
export type Measured = {
  readonly place: Pick<Place, 'databaseCpuMs'>;
  readonly nodes: Pick<Nodes, 'ports' | 'usage'>;
  readonly seconds: number;
};

/** The cost of one operation, over all nodes. */
export type Cost = {
  readonly load: Load;
  /** CPU of the nodes. */
  readonly cpuMs: number;
  /** CPU of the database server, if it has its own process. */
  readonly databaseMs: number | undefined;
};

export type Job = Parameters<typeof load>[2];

export async function costOf(
  { place, nodes, seconds }: Measured,
  options: { concurrency: number; jobs: number },
  job: Job,
): Promise<Cost> {
  const sum = async () => (await nodes.usage()).reduce((total, { cpuMs }) => total + cpuMs, 0);
  const before = await sum();
  const databaseBefore = place.databaseCpuMs();
  const done = await load(nodes.ports, { ...options, seconds }, job);
  const databaseAfter = place.databaseCpuMs();
  return {
    load: done,
    cpuMs: ((await sum()) - before) / done.done,
    databaseMs:
      databaseBefore === undefined || databaseAfter === undefined
        ? undefined
        : (databaseAfter - databaseBefore) / done.done,
  };
}

/** Complete sign-ins, each a password and a code. */
export function signIns(bench: Bench, users: readonly SeededUser[], concurrency: number): Promise<Cost> {
  return costOf(bench, { concurrency, jobs: users.length }, async (send, index) => {
    const user = users[index];
    if (!user) return 0;
    const body = { email: user.email, password: PASSWORD };
    const first = await send({ method: 'POST', path: '/api/v1/sign-in', body });
    if (first.status !== 200) return first.status;
    const { pendingToken } = JSON.parse(first.body);
    return (await send(codeCall(pendingToken, codeOf(user.secret)))).status;
  });
}

/** Only the second factor. Each user has an open pending sign-in, which a valid code uses up. */
export function codeSteps(bench: Bench, users: readonly SeededUser[], kind: 'valid' | 'wrong'): Promise<Cost> {
  const calls = users.map((user) => {
    const code = codeOf(user.secret);
    const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, '0');
    return codeCall(user.pendingToken, kind === 'valid' ? code : wrong);
  });
  return costOf(bench, { concurrency: 32, jobs: calls.length }, (send, index) => statusOf(send, calls[index]));
}

export const SESSION_CHECK = { method: 'GET', path: '/api/v1/session' } as const;

export function sessionChecks(bench: Bench, users: readonly SeededUser[]): Promise<Cost> {
  return costOf(bench, { concurrency: 32, jobs: Number.POSITIVE_INFINITY }, (send, index) => {
    const token = users[index % users.length]?.sessionToken ?? '';
    return statusOf(send, { ...SESSION_CHECK, token });
  });
}

export async function statusOf(send: (call: Call) => Promise<Reply>, call: Call | undefined): Promise<number> {
  return call === undefined ? 0 : (await send(call)).status;
}

function codeCall(token: string, code: string): Call {
  return { method: 'POST', path: '/api/v1/sign-in/one-time-code', token, body: { code } };
}

function codeOf(secret: Buffer): string {
  return codesOf(secret)(stepAt(Math.floor(Date.now() / 1000)));
}

/** "   97 /s,  0.520 ms CPU = 1/35 raw hashes (570 × 200)", with the CPU of the database if it has its own process. */
export function costText({ load: { perSecond, statuses }, cpuMs, databaseMs }: Cost, ratios = ''): string {
  const counts = [...statuses].map(([status, count]) => `${count} × ${status}`).join(', ');
  const database = databaseMs === undefined ? '' : ` + ${databaseMs.toFixed(2)} ms in the database`;
  const cpu = `${perSecond.toFixed(0).padStart(5)} /s, ${cpuMs.toFixed(3).padStart(6)} ms CPU${database}`;
  return `${cpu}${ratios} (${counts})`;
}
