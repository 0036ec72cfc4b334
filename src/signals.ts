import type { AsyncLocalStorage } from 'node:async_hooks';
import { channel, tracingChannel } from 'node:diagnostics_channel';

/*
 * What the service does, for its listeners: metrics and traces, which are loaded only when they are switched on.
 *
 * Uses Node's own channels: without a listener a signal costs one check of a flag, and no folder depends on another.
 * A signal must never contain a secret, an email, a token or a path that can contain one.
 */

/** A request in progress. */
export type RequestSignal = {
  readonly request: Request;
  readonly requestId: string;
  readonly pathname: string;
  /** Whether one of our proxies wrote its headers. */
  readonly isFromProxy: boolean;
  /** The pattern of the route; known after the answer. */
  readonly route: string;
};

/** An answer that was sent. */
export type AnswerSignal = {
  readonly method: string | undefined;
  readonly route: string;
  readonly status: number;
  /** Absent if no handler ran. */
  readonly milliseconds?: number;
};

/** A job of the hash queue at its turn. */
export type HashSignal = { readonly hashes: number; readonly waitMs: number };

/** A transaction; after retries `tx` is the last one, which was committed. */
export type TransactionSignal = { tx?: object };

/** An event of the audit log, before its transaction commits; sent by `flows/runtime/append-event.ts`. */
export type EventSignal = {
  /** Absent for a refusal that is only counted, without an event of its own. */
  readonly tx: object | undefined;
  readonly action: string;
  readonly outcome: 'success' | 'refusal';
  /** A code from a closed list. */
  readonly reason: string | undefined;
};

export const requests = work<RequestSignal, Response>('sallyport:request');
export const hashes = work<HashSignal>('sallyport:hash');
/** Statements outside a transaction. */
export const reads = work<object>('sallyport:read');
export const transactions = work<TransactionSignal>('sallyport:transaction');
export const answers = moment<AnswerSignal>('sallyport:answer');
export const refusedHashes = moment<{ readonly hashes: number }>('sallyport:hash-refused');
export const events = moment<EventSignal>('sallyport:event');

/** A single event. */
type Moment<Signal> = {
  isHeard(): boolean;
  tell(signal: Signal): void;
  listen(listener: (signal: Signal) => void): void;
};

function moment<Signal extends object>(name: string): Moment<Signal> {
  const ours = channel(name);
  return {
    isHeard: () => ours.hasSubscribers,
    tell: (signal) => ours.publish(signal),
    // Only `tell` publishes on this channel, so the message has this type.
    listen: (listener) => ours.subscribe((signal) => listener(signal as Signal)),
  };
}

/** The end of work, with its result or its error. */
export type Ended<Signal, Result> = Signal & {
  readonly milliseconds: number;
  readonly result?: Result;
  readonly error?: unknown;
};

/** Work with a beginning and an end. */
type Work<Signal, Result> = {
  isHeard(): boolean;
  /** Does the work and reports it. A listener gets `signal` at the beginning, and its properties again at the end. */
  around<T extends Result>(signal: Signal, doIt: () => Promise<T>): Promise<T>;
  listen(ended: (work: Ended<Signal, Result>, signal: Signal) => void): void;
  /** The value of `storage` during the work and everything that it awaits. */
  bind<Store>(storage: AsyncLocalStorage<Store>, storeOf: (signal: Signal) => Store): void;
};

function work<Signal extends object, Result = unknown>(name: string): Work<Signal, Result> {
  type Context = { readonly signal: Signal; readonly startedMs: number; result?: Result; error?: unknown };
  const ours = tracingChannel<unknown, Context>(name);
  return {
    isHeard: () => ours.hasSubscribers,
    around: (signal, doIt) =>
      ours.hasSubscribers ? ours.tracePromise(doIt, { signal, startedMs: performance.now() }) : doIt(),
    listen: (ended) =>
      ours.asyncEnd.subscribe((message) => {
        // Node adds `result` or `error` to the context that `around` made.
        const { signal, startedMs, ...end } = message as Context;
        ended({ ...signal, ...end, milliseconds: performance.now() - startedMs }, signal);
      }),
    // The channel passes the context of `around`, so the message has this type.
    bind: (storage, storeOf) =>
      ours.start.bindStore(storage as AsyncLocalStorage<unknown>, (message) => storeOf((message as Context).signal)),
  };
}

/** Runs some work and answers how long it took. */
export async function measured<T>(
  work: () => Promise<T>,
): Promise<{ readonly done: T; readonly milliseconds: number }> {
  const startedMs = performance.now();
  const done = await work();
  return { done, milliseconds: Math.round(performance.now() - startedMs) };
}
