import { serve } from '#main.ts';
import type { Server, Stop } from './server.ts';
import { type ToWorker, tellPrimary } from './talk.ts';

/** One of several processes behind a port. It serves until its primary stops it; when that ends, Node ends it. */
export async function work(): Promise<void> {
  // A terminal and a service manager signal every process of a group; only the primary reacts, for all of them.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
  try {
    const server = await serve();
    const ordered = untilStopped(server);
    await tellPrimary({ kind: 'serving' });
    await server.stop(await ordered);
    await tellPrimary({ kind: 'last', metrics: (await server.metrics?.collectLast()) ?? [] });
    process.exit(0);
  } catch (error) {
    await tellPrimary({ kind: 'failed', problem: error instanceof Error ? error.message : String(error) });
    process.exit(1);
  }
}

function untilStopped(server: Server): Promise<Stop> {
  return new Promise((resolve) => {
    process.on('message', async (message: ToWorker) => {
      if (message.kind === 'stop') resolve(message.how);
      else await tellPrimary({ kind: 'metrics', metrics: (await server.metrics?.collect()) ?? [] });
    });
  });
}
