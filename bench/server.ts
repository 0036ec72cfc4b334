import { registerHooks } from 'node:module';

/** What a node has used and holds. `heapMb` is measured after a collection, if the caller asks for one. */
export type Usage = {
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly heapMb: number;
  /** The number of loaded files of the OpenID Connect library. */
  readonly openidFiles: number;
};

const MIB = 2 ** 20;

let openidFiles = 0;
registerHooks({
  load(url, context, next) {
    if (url.includes('/oidc-provider/')) openidFiles += 1;
    return next(url, context);
  },
});

/** The unchanged product, in its own process that reports its usage. */
const { serve } = await import('../src/main.ts');
const server = await serve();
process.on('message', async (message) => {
  if (message === 'collect') globalThis.gc?.();
  if (message === 'usage' || message === 'collect') {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed, external } = process.memoryUsage();
    const memory = { rssMb: rss / MIB, heapMb: (heapUsed + external) / MIB };
    const usage: Usage = { cpuMs: (user + system) / 1000, ...memory, openidFiles };
    process.send?.(usage);
  }
  if (message === 'stop') {
    await server.stop();
    process.exit(0);
  }
});
// The measuring process has exited.
process.on('disconnect', () => process.exit(1));
process.send?.('serving');
