import { serve } from '../src/main.ts';

/** The product as it is, in a process of its own that tells what it has used. */
const server = await serve();
process.on('message', async (message) => {
  if (message === 'usage') {
    const { user, system } = process.cpuUsage();
    process.send?.({ cpuMs: (user + system) / 1000, rssMb: process.memoryUsage.rss() / 2 ** 20 });
  }
  if (message === 'stop') {
    await server.stop();
    process.exit(0);
  }
});
process.send?.('serving');
