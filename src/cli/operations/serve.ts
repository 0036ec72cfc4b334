import { command } from '#cli/command.ts';
import type { Server } from '#workers/server.ts';
import { stopped } from './stop.ts';

const run = command({
  words: 'serve',
  args: [],
  options: {},
  summary: 'Starts the server; creates the database and the key ring if they do not exist.',
  async run() {
    const { default: cluster } = await import('node:cluster');
    if (cluster.isWorker) {
      const { work } = await import('#workers/worker.ts');
      await work();
      return undefined;
    }
    const { serve } = await import('#main.ts');
    const server = await serve();
    if (server.roll !== undefined) process.on('SIGHUP', server.roll);
    // Before it says that it runs: a signal that follows at once must find its handler.
    const stop = stopped(server, server.roll === undefined ? ['SIGHUP'] : []);
    process.stdout.write(welcome(server));
    await stop;
    return undefined;
  },
});

export const commands = [run];

/** One write, so that no log line gets between its lines. */
function welcome({ productName, url, firstAdministratorUrl }: Server): string {
  const lines = [`${productName} is at ${url}`];
  if (firstAdministratorUrl !== undefined) {
    lines.push('There is no administrator yet. This link creates the first one; it works once, within 72 hours:');
    lines.push(firstAdministratorUrl);
  }
  return `${lines.join('\n')}\n`;
}
