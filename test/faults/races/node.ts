import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { RECOVERY_CODE_COUNT } from '#core/authenticators/recovery-code.ts';
import { type Argon2, createHasher, type PasswordHasher } from '#crypto/password-hash.ts';
import { listen } from '#http/server/listen.ts';
import { type Clock, openWorld, QUICK_HASH, type World } from '../../world.ts';

/** Everything that the nodes of one service share: database, key ring, and a manual clock. */
export type Shared = {
  readonly database: NonNullable<NonNullable<Parameters<typeof openWorld>[1]>['database']>;
  /** One slot for the clock and one for the number of recovery code drawings. */
  readonly memory: Float64Array<SharedArrayBuffer>;
  readonly isBehindProxy: boolean;
};

const [CLOCK, DRAWN] = [0, 1];

export function sharedMemory(clockAt: number): Shared['memory'] {
  const memory = new Float64Array(new SharedArrayBuffer(2 * Float64Array.BYTES_PER_ELEMENT));
  memory[CLOCK] = clockAt;
  return memory;
}

export function codesDrawn(memory: Shared['memory']): number {
  return Math.round(10 * (memory[DRAWN] ?? 0)) / 10;
}

export type Node = { readonly world: World; readonly port: number };

/** Closes it when a test is over. */
export type Closer = { after(close: () => unknown): void };

/** A node that listens in this thread. */
export async function openNode(t: Closer, { database, memory, isBehindProxy }: Shared): Promise<Node> {
  const clock = clockIn(memory);
  const hasher = countingHasher(memory);
  const world = await openWorld(t, { environment: { PORT: '0' }, database, clock, hasher, isBehindProxy });
  const listening = await listen(world.env, world.app);
  t.after(() => listening.close());
  return { world, port: Number(new URL(listening.url).port) };
}

/** A node with its own thread, connections and memory. Answers its port, and a function that flushes its refusals. */
export async function startNode(t: Closer, shared: Shared): Promise<{ port: number; flush(): Promise<void> }> {
  const worker = new Worker(new URL('./node-thread.ts', import.meta.url), { workerData: shared });
  t.after(async () => {
    worker.postMessage('stop');
    await once(worker, 'exit');
  });
  const [port] = await once(worker, 'message');
  return {
    port,
    async flush() {
      worker.postMessage('flush');
      await once(worker, 'message');
    },
  };
}

function clockIn(memory: Shared['memory']): Clock {
  return {
    get at() {
      return memory[CLOCK] ?? 0;
    },
    set at(seconds) {
      memory[CLOCK] = seconds;
    },
  };
}

function countingHasher(memory: Shared['memory']): PasswordHasher {
  const hashCode: Argon2['hashCode'] = (code) => {
    memory[DRAWN] = codesDrawn(memory) + 1 / RECOVERY_CODE_COUNT;
    return QUICK_HASH.hashCode(code);
  };
  return createHasher({ argon2: { ...QUICK_HASH, hashCode } });
}
