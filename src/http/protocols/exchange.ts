import { IncomingMessage, type OutgoingHttpHeaders, type RequestListener, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

/** Unix seconds by the machine's clock, for a library that reads this clock itself. */
export function machineSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

export type ExchangeRequest = {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly https: boolean;
};

export type ExchangeResponse = {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
};

/**
 * Calls a Node request listener without a connection, and returns its answer. So a library that knows only these
 * objects can run behind our routes, and we can change its answer or hold it until a transaction has committed.
 */
export async function exchange(listener: RequestListener, asked: ExchangeRequest): Promise<ExchangeResponse> {
  const socket = Object.assign(new Socket(), { encrypted: asked.https });
  const incoming = new IncomingMessage(socket);
  Object.assign(incoming, { method: asked.method, url: asked.url, headers: { ...asked.headers } });
  incoming.push(asked.body);
  incoming.push(null);
  const outgoing = new ServerResponse(incoming);
  const chunks: Buffer[] = [];
  const keep = (chunk: unknown): void => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  };
  const ended = new Promise<void>((resolve) => {
    outgoing.write = (chunk: unknown) => {
      keep(chunk);
      return true;
    };
    outgoing.end = (chunk?: unknown) => {
      keep(chunk);
      resolve();
      outgoing.emit('finish');
      return outgoing;
    };
  });
  await listener(incoming, outgoing);
  await ended;
  socket.destroy();
  return { status: outgoing.statusCode, headers: outgoing.getHeaders(), body: Buffer.concat(chunks).toString('utf8') };
}
