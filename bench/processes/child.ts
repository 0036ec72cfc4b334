import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../test/databases/cluster.ts';
import { untilAnswer } from '../client.ts';

type Command = readonly [file: string, ...args: string[]];

/** How an operator starts the product. */
export const START: Command = [fileURLToPath(new URL('../../bin/sallyport.mjs', import.meta.url)), 'serve'];
/** As in `npm start` and `deploy/`; the bare server gets it too. */
const START_FLAG = '--max-semi-space-size=8';
/** The smallest server of the same kind. */
export const START_BARE: Command = [fileURLToPath(new URL('./bare.mjs', import.meta.url))];

const REPORTER = new URL('./reporter.mjs', import.meta.url).href;

/** What a process has used and holds. `heapMb` is measured after a collection, if the caller asks for one. */
export type Usage = {
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly heapMb: number;
  /** The number of loaded files of the OpenID Connect library. */
};

/** A started server that reports its usage. */
export type Child = {
  readonly port: number;
  usage(ask: 'usage' | 'collect'): Promise<Usage>;
  stop(): Promise<void>;
};

/** Starts a server on a free port, and returns when it has answered. */
export async function startChild(
  [file, ...args]: Command,
  environment: Readonly<Record<string, string>>,
  log: number | 'ignore',
): Promise<Child> {
  const port = await freePort();
  const child = fork(file, args, {
    env: { ...process.env, ...environment, PORT: String(port) },
    execArgv: [START_FLAG, '--expose-gc', '--import', REPORTER],
    stdio: ['ignore', log, 'inherit', 'ipc'],
  });
  const hasExited = () => child.exitCode !== null || child.signalCode !== null;
  await untilAnswer(port, hasExited);
  return {
    port,
    async usage(ask) {
      child.send(ask);
      const [answer] = await once(child, 'message');
      return answer;
    },
    async stop() {
      if (hasExited()) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
