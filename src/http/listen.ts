import { createServer, type Server } from 'node:http';
import type { Env } from '#env.ts';
import type { App } from './app.ts';
import { answerUnreadable, refuseConnect } from './wire.ts';

export type Listening = {
  /** Where it listens, which behind a proxy is not the public URL. */
  readonly url: string;
  /** Stops accepting, lets requests in flight finish for a while, then ends what is left. */
  close(): Promise<void>;
};

/** SECURITY, "HTTP": Node's own limits are minutes, and looked at only every half minute. */
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16 * 1024,
  // The raw checks answer a missing Host themselves, as a problem like any other.
  requireHostHeader: false,
};

/** More open sockets are an attack or a broken proxy; each costs memory and a file handle. */
const MAX_CONNECTIONS = 10_000;

/** For as long as a request may take to arrive, plus a full hash queue. */
const CLOSE_SECONDS = 20;

export async function listen(env: Env, app: App): Promise<Listening> {
  const { host, port } = env.config;
  const server = createServer(LIMITS, app.listener);
  server.maxConnections = MAX_CONNECTIONS;
  server.on('clientError', (error, socket) => answerUnreadable(error, socket, env.newId()));
  server.on('connect', (_request, socket) => refuseConnect(socket, env.newId()));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return { url: addressOf(server, host), close: () => closeGently(server) };
}

function addressOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : '';
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function closeGently(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // A connection that was busy at the close is idle after its answer, and would stay open until its keep-alive ends.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    const end = setTimeout(() => server.closeAllConnections(), CLOSE_SECONDS * 1000);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(end);
      resolve();
    });
  });
}
