import type { Worker } from 'node:cluster';
import type { Stop } from './server.ts';

export type ToWorker = { readonly kind: 'stop'; readonly how: Stop } | { readonly kind: 'metrics' };

export type FromWorker =
  | { readonly kind: 'serving' }
  /** One line for the operator. */
  | { readonly kind: 'failed'; readonly problem: string }
  | { readonly kind: 'metrics' | 'last'; readonly metrics: object[] };

/** Sends a message, unless the worker has ended; its `exit` event reports that. */
export function tellWorker(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, () => {});
}

/** Resolves when the message is sent. */
export function tellPrimary(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected && process.send !== undefined) process.send(message, undefined, {}, () => resolve());
    else resolve();
  });
}
