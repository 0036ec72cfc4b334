import { createServer, type Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import type { Env } from '#env.ts';
import type { App } from '#http/app.ts';
import { closeUnread } from './unread-sockets.ts';

export type Listening = {
  /** The address on which it listens. Behind a proxy it differs from the public URL. */
  readonly url: string;
  /**
   * Stops accepting connections, lets running requests finish for some time, then closes the rest.
   *
   * @param options.idleMayAsk leaves idle connections open until their keep-alive ends, because their next request may
   * be on its way
   */
  close(options?: { readonly idleMayAsk: boolean }): Promise<void>;
};

/** SECURITY, "HTTP": Node's own limits are minutes, and it checks them only every half minute. */
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 5_000,
  // Browsers send the cookies of every application on the host, up to 4 KB each.
  maxHeaderSize: 32 * 1024,
  // The raw checks answer a missing Host themselves, with a normal problem document.
  requireHostHeader: false,
};

/** More open sockets mean an attack or a broken proxy. Each socket costs memory and a file handle. */
const MAX_CONNECTIONS = 10_000;

/** Longer than a request may take to arrive, and twice the maximum wait in the hash queue. */
const CLOSE_SECONDS = 20;

/** Node closes an idle connection a second later than announced, so that clients can rely on the announced time. */
const KEEP_ALIVE_SLACK_MS = 2_000;

/** @param unreadMs how long a peer may read nothing of its answer; tests use less */
export async function listen(env: Env, app: App, unreadMs?: number): Promise<Listening> {
  const { host, port } = env.config;
  const server = createServer(LIMITS, withFewWaiting(app.listener));
  server.maxConnections = MAX_CONNECTIONS;
  closeUnread(server, env.log, unreadMs);
  server.on('clientError', app.unreadable);
  server.on('connect', (_request, socket) => app.refuseConnect(socket));
  return listenOn(server, { host, port, setting: 'PORT' });
}

/**
 * Answers that wait for an earlier answer are in memory, and one packet holds a thousand small requests. No browser
 * sends a request before the last one is answered, and no proxy sends many.
 */
const MOST_WAITING = 32;

function withFewWaiting(listener: App['listener']): App['listener'] {
  const waiting = new WeakMap<object, number>();
  return (incoming, outgoing) => {
    const { socket } = incoming;
    const count = (waiting.get(socket) ?? 0) + 1;
    if (count > MOST_WAITING) {
      socket.destroy();
      return;
    }
    waiting.set(socket, count);
    outgoing.once('close', () => waiting.set(socket, (waiting.get(socket) ?? 1) - 1));
    listener(incoming, outgoing);
  };
}

type Place = { readonly host: string; readonly port: number; readonly setting: string };

/** Throws an error with a one-line message for the operator, which names the setting. */
export async function listenOn(server: Server, place: Place): Promise<Listening> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (error) => reject(explained(error, place)));
  server.listen(place.port, place.host, resolve);
  await promise;
  return { url: addressOf(server, place.host), close: (options) => closeGently(server, options?.idleMayAsk ?? false) };
}

function explained(error: Error, place: Place): Error {
  const explain = LISTEN_FAULTS['code' in error ? String(error.code) : ''];
  return explain === undefined ? error : new Error(explain(place), { cause: error });
}

const LISTEN_FAULTS: Readonly<Record<string, (place: Place) => string>> = {
  EADDRINUSE: ({ host, port, setting }) =>
    `port ${port} of ${host} is in use: stop what listens there, or set ${setting}`,
  EACCES: ({ port, setting }) => `port ${port} may not be opened by this user: set ${setting} to 1024 or more`,
  EADDRNOTAVAIL: ({ host }) => `${host} is no address of this machine: set HOST`,
  ENOTFOUND: ({ host }) => `${host} is no address of this machine: set HOST`,
};

function addressOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : '';
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function closeGently(server: Server, idleMayAsk: boolean): Promise<void> {
  return new Promise((resolve) => {
    // Node's own close of an HTTP server first closes the idle connections.
    const idleMs = idleMayAsk ? server.keepAliveTimeout + KEEP_ALIVE_SLACK_MS : 0;
    if (idleMayAsk) NetServer.prototype.close.call(server, onClosed);
    else server.close(onClosed);
    // A connection that was busy at the close becomes idle later, and would stay open until its keep-alive expires.
    const startedMs = performance.now();
    const sweep = setInterval(() => {
      if (performance.now() - startedMs >= idleMs) server.closeIdleConnections();
    }, 50);
    const end = setTimeout(() => server.closeAllConnections(), idleMs + CLOSE_SECONDS * 1000);
    function onClosed(): void {
      clearInterval(sweep);
      clearTimeout(end);
      resolve();
    }
  });
}
