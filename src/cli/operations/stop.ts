import type { Server } from '#workers/server.ts';

export const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * On Ctrl-C the terminal sends a signal to npm and to us, and npm passes its own on. Signals within this time are one
 * press.
 */
const ONE_PRESS_MS = 500;

/**
 * Resolves when a signal arrived and the server has shut down. A second press exits at once. SIGTERM is from a service
 * manager, and a balancer may still send requests, so the server first reports that it is leaving. SIGINT is from a
 * person at a terminal who wants it to stop.
 *
 * @param more signals that count as SIGTERM, such as a SIGHUP that no workers wait for
 */
export async function stopped(
  server: Pick<Server, 'stop' | 'failed'>,
  more: readonly NodeJS.Signals[] = [],
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let firstMs: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    const nowMs = performance.now();
    firstMs ??= nowMs;
    resolve(signal);
    if (nowMs - firstMs > ONE_PRESS_MS) process.exit(1);
  };
  for (const signal of [...STOP_SIGNALS, ...more]) process.on(signal, onSignal);
  try {
    const signal = await (server.failed === undefined ? promise : Promise.race([promise, server.failed]));
    await server.stop(signal === 'SIGTERM' || signal === 'SIGHUP' ? 'leaving' : 'now');
  } catch (error) {
    await server.stop('now');
    throw error;
  }
}
