import { serve } from '../src/main.ts';

/** What a node has used, and holds: `heapMb` is what is left after a collection, for whom asks for one. */
export type Usage = { readonly cpuMs: number; readonly rssMb: number; readonly heapMb: number };

const MIB = 2 ** 20;

/** The product as it is, in a process of its own that tells what it has used. */
const server = await serve();
process.on('message', async (message) => {
  if (message === 'collect') globalThis.gc?.();
  if (message === 'usage' || message === 'collect') {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed, external } = process.memoryUsage();
    const usage: Usage = { cpuMs: (user + system) / 1000, rssMb: rss / MIB, heapMb: (heapUsed + external) / MIB };
    process.send?.(usage);
  }
  if (message === 'stop') {
    await server.stop();
    process.exit(0);
  }
});
// Whoever measures is gone.
process.on('disconnect', () => process.exit(1));
process.send?.('serving');
