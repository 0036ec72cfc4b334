import type { Server } from '#workers/server.ts';

export const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** A terminal sends Ctrl-C to npm and to us, and npm passes it on: within this time it is one press. */
const ONE_PRESS_MS = 500;

/**
 * Answers when a signal came and the server has stopped gently; a second press ends at once.
 *
 * SIGTERM comes from a service manager, and a balancer may still send requests: the server says first that it leaves.
 * SIGINT is somebody at a terminal who wants it to be over.
 */
export async function stopped(server: Pick<Server, 'stop' | 'failed'>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let firstMs: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    const nowMs = performance.now();
    firstMs ??= nowMs;
    resolve(signal);
    if (nowMs - firstMs > ONE_PRESS_MS) process.exit(1);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
  try {
    const signal = await (server.failed === undefined ? promise : Promise.race([promise, server.failed]));
    await server.stop(signal === 'SIGTERM' ? 'leaving' : 'now');
  } catch (error) {
    await server.stop('now');
    throw error;
  }
}
