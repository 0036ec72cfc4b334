import { Agent, type ClientRequest, request } from 'node:http';

// A reused connection may close at that moment, and then the outcome of the request is unknown.
const agent = new Agent({ keepAlive: false });

export type Arrival = { readonly remoteAddress?: string | undefined };

/** How one exchange may be aborted. */
export type Patience = {
  /** Aborted after this time without an answer. */
  readonly timeoutMs?: number | undefined;
  /** The connection is destroyed after this time, at any point of the exchange. */
  readonly cutAfterMs?: number | undefined;
};

/** Sends a request to a process, with our host and the address that a proxy would add. */
export async function forward(
  port: number,
  sent: Request,
  { remoteAddress = '192.0.2.1' }: Arrival = {},
  patience: Patience = {},
): Promise<Response> {
  const { pathname, search, host } = new URL(sent.url);
  const headers = { ...Object.fromEntries(sent.headers), host, 'x-forwarded-for': remoteAddress };
  const body = Buffer.from(await sent.arrayBuffer());
  return new Promise((resolve, reject) => {
    const target = { port, host: '127.0.0.1', method: sent.method, path: pathname + search };
    const outgoing = request({ ...target, headers, agent });
    const timers = endEarly(outgoing, patience);
    const fail = (error: unknown): void => {
      for (const timer of timers) clearTimeout(timer);
      reject(error);
    };
    outgoing.on('error', fail);
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', fail);
      incoming.on('end', () => {
        for (const timer of timers) clearTimeout(timer);
        const fields = new Headers();
        for (const [name, values] of Object.entries(incoming.headersDistinct)) {
          for (const value of values ?? []) fields.append(name, value);
        }
        const status = incoming.statusCode ?? 0;
        resolve(new Response(chunks.length === 0 ? null : Buffer.concat(chunks), { status, headers: fields }));
      });
    });
    outgoing.end(body);
  });
}

function endEarly(outgoing: ClientRequest, { timeoutMs, cutAfterMs }: Patience): NodeJS.Timeout[] {
  const end = (afterMs: number | undefined, why: string): NodeJS.Timeout[] =>
    afterMs === undefined ? [] : [setTimeout(() => outgoing.destroy(new Error(why)), afterMs)];
  return [...end(timeoutMs, 'no answer in time'), ...end(cutAfterMs, 'the connection was cut')];
}
