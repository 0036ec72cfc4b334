import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

export type Call = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly token?: string;
  /** Sent as JSON, or URL-encoded if it is `form`. */
  readonly body?: object;
  readonly form?: Readonly<Record<string, string>>;
  /** More headers, and a `host` that replaces ours. */
  readonly headers?: Readonly<Record<string, string>>;
};
export type Reply = { readonly status: number; readonly body: string; readonly location: string | undefined };

/**
 * One keep-alive connection that sends one request at a time. The client does little work, so that the server is
 * measured.
 */
export async function openConnection(
  port: number,
): Promise<{ send(call: Call, address: string): Promise<Reply>; close(): void }> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const opening: Socket = connect(port, '127.0.0.1', () => resolve(opening)).once('error', reject);
  });
  socket.setNoDelay(true);
  let received = '';
  let answer: ((reply: Reply) => void) | undefined;
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    received += chunk;
    const reply = readReply(received);
    if (!reply) return;
    received = '';
    answer?.(reply);
  });
  return {
    send(call, address) {
      const reply = new Promise<Reply>((resolve) => {
        answer = resolve;
      });
      socket.write(requestText(call, address));
      return reply;
    },
    close: () => socket.destroy(),
  };
}

const POLL_MS = 2;

/** Returns when a server that was just started has given its first answer. */
export async function untilAnswer(port: number, hasExited: () => boolean): Promise<void> {
  for (;;) {
    const connection = await openConnection(port).catch(() => undefined);
    if (connection) {
      const { status } = await connection.send({ method: 'GET', path: '/healthz' }, '10.9.9.9');
      connection.close();
      if (status !== 200) throw new Error(`/healthz answered ${status}`);
      return;
    }
    if (hasExited()) throw new Error('the server has exited');
    await wait(POLL_MS);
  }
}

function requestText({ method, path, token, body, form, headers = {} }: Call, address: string): string {
  const { host = HOST, ...more } = headers;
  const head = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, `X-Forwarded-For: ${address}`];
  if (token !== undefined) head.push(`Authorization: Bearer ${token}`);
  for (const [name, value] of Object.entries(more)) head.push(`${name}: ${value}`);
  const text = form ? new URLSearchParams(form).toString() : body === undefined ? '' : JSON.stringify(body);
  if (form) head.push('Content-Type: application/x-www-form-urlencoded');
  else if (body !== undefined) head.push('Content-Type: application/json');
  if (text !== '' || method === 'POST') head.push(`Content-Length: ${text.length}`);
  return `${head.join('\r\n')}\r\n\r\n${text}`;
}

function readReply(received: string): Reply | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const head = received.slice(0, end);
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
  const body = received.slice(end + 4);
  if (body.length < length) return undefined;
  return { status: Number(head.slice(9, 12)), body, location: /^location: (.*)$/im.exec(head)?.[1] };
}

/** The same for all ports of the nodes. */
export const PUBLIC_URL = 'https://sign-in.example.com';
const HOST = new URL(PUBLIC_URL).host;

export type Load = {
  readonly perSecond: number;
  readonly done: number;
  readonly statuses: ReadonlyMap<number, number>;
};

type LoadOptions = {
  readonly concurrency: number;
  readonly seconds: number;
  readonly jobs: number;
  /** The client address of a job. Absent: each job has its own address. */
  readonly address?: string | ((index: number) => string) | undefined;
  /** Ends the load early. */
  readonly until?: () => boolean;
};

/**
 * Runs `job` at `concurrency` until `seconds` have passed or all jobs are done, and counts the answers by status.
 *
 * @param ports of the nodes: connections use them in turn
 * @param job one unit of work on one connection, with an index over all connections
 */
export async function load(
  ports: readonly number[],
  { concurrency, seconds, jobs, address = addressOf, until = () => false }: LoadOptions,
  job: (send: (call: Call) => Promise<Reply>, index: number) => Promise<number>,
): Promise<Load> {
  const connections = await Promise.all(
    Array.from({ length: concurrency }, (_, index) => openConnection(ports[index % ports.length] ?? 0)),
  );
  const statuses = new Map<number, number>();
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;
  let next = 0;
  await Promise.all(
    connections.map(async (connection) => {
      while (performance.now() < endsAt && next < jobs && !until()) {
        const index = next++;
        const from = typeof address === 'string' ? address : address(index);
        const status = await job((call) => connection.send(call, from), index);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
      connection.close();
    }),
  );
  const spent = (performance.now() - startedAt) / 1000;
  const done = [...statuses.values()].reduce((sum, count) => sum + count, 0);
  return { perSecond: done / spent, done, statuses };
}

/** Everyone has their own address, as behind a proxy. The limits of the product stay unchanged. */
function addressOf(index: number): string {
  return `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
}
