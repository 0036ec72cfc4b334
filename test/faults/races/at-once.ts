import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { ORIGIN } from '../../world.ts';

/** A request as raw bytes, ready to be sent many times. */
export type WireRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type WireAnswer = {
  readonly status: number;
  readonly location: string | undefined;
  readonly cookies: readonly string[];
  readonly text: string;
};

/** Enough time for every socket to be readable before the first last byte is sent. */
const SETTLE_MILLISECONDS = 20;

/**
 * Sends all requests so that no server can begin one before it has nearly all of each. Every request has its own
 * connection; all except its last byte is sent first, and then all last bytes together.
 *
 * @param ports of the nodes, used in turn
 * @param beside runs at the moment of the last bytes
 */
export async function atOnce(
  ports: readonly number[],
  requests: readonly WireRequest[],
  beside: () => Promise<unknown> = async () => undefined,
): Promise<WireAnswer[]> {
  const sent = await Promise.all(requests.map((request, index) => sendAlmost(portFor(ports, index), bytesOf(request))));
  await wait(SETTLE_MILLISECONDS);
  for (const { socket, last } of sent) socket.write(last);
  await beside();
  return Promise.all(sent.map(({ answer }) => answer));
}

/** Two nodes get 0 1 1 0 0 1 1 0 …, so that each node gets both kinds from an alternating list. */
function portFor(ports: readonly number[], index: number): number {
  const port = ports[(index + Math.floor(index / ports.length)) % ports.length];
  if (port === undefined) throw new Error('no node to ask');
  return port;
}

type Sent = { readonly socket: Socket; readonly last: Buffer; readonly answer: Promise<WireAnswer> };

function sendAlmost(port: number, bytes: Buffer): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').setNoDelay(true);
    const chunks: Buffer[] = [];
    const answer = new Promise<WireAnswer>((answered, broken) => {
      socket.on('data', (chunk) => chunks.push(chunk));
      socket.on('error', broken);
      socket.on('close', () => answered(answerOf(Buffer.concat(chunks).toString())));
    });
    socket.once('error', reject);
    socket.write(bytes.subarray(0, -1), () => resolve({ socket, last: bytes.subarray(-1), answer }));
  });
}

function bytesOf({ method, path, headers, body }: WireRequest): Buffer {
  const lines = {
    host: new URL(ORIGIN).host,
    connection: 'close',
    'content-length': Buffer.byteLength(body),
    ...headers,
  };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${head.join('')}\r\n${body}`);
}

function answerOf(text: string): WireAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const fields = lines.map((line) => line.split(/: (.*)/s) as [string, string]);
  const all = (name: string) => fields.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value);
  const body = text.slice(end + 4);
  return {
    status: Number(statusLine.split(' ')[1] ?? 0),
    location: all('location')[0],
    cookies: all('set-cookie'),
    text: all('transfer-encoding')[0] === 'chunked' ? joinChunks(body) : body,
  };
}

function joinChunks(body: string): string {
  const [size = '', rest = ''] = body.split(/\r\n(.*)/s);
  const length = Number.parseInt(size, 16);
  return length > 0 ? rest.slice(0, length) + joinChunks(rest.slice(length + 2)) : '';
}
