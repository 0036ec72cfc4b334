import type { AsyncLocalStorage } from 'node:async_hooks';
import { channel, tracingChannel } from 'node:diagnostics_channel';

/*
 * What the service does, for its listeners: metrics and traces, which are loaded only when they are switched on.
 *
 * Node's own channels: telling costs a look at one flag while nobody listens, and no room has to know another for it.
 * Nothing that is told may carry a secret, an email, a token or a path that can hold one.
 */

/** A request on its way. */
export type RequestSignal = {
  readonly request: Request;
  readonly requestId: string;
  readonly pathname: string;
  /** Whether a proxy of ours wrote its headers. */
  readonly isFromProxy: boolean;
  /** The pattern of the route, known once it is answered. */
  readonly route: string;
};

/** An answer that went out. */
export type AnswerSignal = {
  readonly method: string | undefined;
  readonly route: string;
  readonly status: number;
  /** Absent where nothing was worked on. */
  readonly milliseconds?: number;
};

/** A job of the hash queue whose turn has come. */
export type HashSignal = { readonly hashes: number; readonly waitMs: number };

/** A transaction; `tx` is the one of the newest try, so of the one that was kept. */
export type TransactionSignal = { tx?: object };

/** A statement outside a transaction. */
export type ReadSignal = { readonly milliseconds: number };

/** An event of the audit log, before its transaction is kept; told by `flows/runtime/append-event.ts`. */
export type EventSignal = {
  /** Absent for a refusal that is counted and has no event of its own. */
  readonly tx: object | undefined;
  readonly action: string;
  readonly outcome: 'success' | 'refusal';
  /** A code of a closed list. */
  readonly reason: string | undefined;
};

export const requests = work<RequestSignal, Response>('sallyport:request');
export const hashes = work<HashSignal>('sallyport:hash');
export const transactions = work<TransactionSignal>('sallyport:transaction');
export const answers = moment<AnswerSignal>('sallyport:answer');
export const refusedHashes = moment<{ readonly hashes: number }>('sallyport:hash-refused');
export const reads = moment<ReadSignal>('sallyport:read');
export const events = moment<EventSignal>('sallyport:event');

/** Something that happened. */
type Moment<Told> = {
  isHeard(): boolean;
  tell(told: Told): void;
  listen(listener: (told: Told) => void): void;
};

function moment<Told extends object>(name: string): Moment<Told> {
  const ours = channel(name);
  return {
    isHeard: () => ours.hasSubscribers,
    tell: (told) => ours.publish(told),
    // Only `tell` publishes here: this is where a message gets its type back.
    listen: (listener) => ours.subscribe((told) => listener(told as Told)),
  };
}

/** How work ended: with a result, or with what it threw. */
export type Ended<Told, Result> = Told & {
  readonly milliseconds: number;
  readonly result?: Result;
  readonly error?: unknown;
};

/** Something that begins and ends. */
type Work<Told, Result> = {
  isHeard(): boolean;
  /** Does the work and reports it; a listener sees `told` itself at the beginning and its facts again at the end. */
  around<T extends Result>(told: Told, doIt: () => Promise<T>): Promise<T>;
  listen(ended: (work: Ended<Told, Result>, told: Told) => void): void;
  /** What `storage` holds while the work is done, and in all that it awaits. */
  bind<Store>(storage: AsyncLocalStorage<Store>, storeOf: (told: Told) => Store): void;
};

function work<Told extends object, Result = unknown>(name: string): Work<Told, Result> {
  type Context = { readonly told: Told; readonly startedMs: number; result?: Result; error?: unknown };
  const ours = tracingChannel<unknown, Context>(name);
  return {
    isHeard: () => ours.hasSubscribers,
    around: (told, doIt) =>
      ours.hasSubscribers ? ours.tracePromise(doIt, { told, startedMs: performance.now() }) : doIt(),
    listen: (ended) =>
      ours.asyncEnd.subscribe((message) => {
        // Node adds `result` or `error` to the context that `around` made.
        const { told, startedMs, ...end } = message as Context;
        ended({ ...told, ...end, milliseconds: performance.now() - startedMs }, told);
      }),
    // The channel hands `around`'s context on: this is where it gets its type back.
    bind: (storage, storeOf) =>
      ours.start.bindStore(storage as AsyncLocalStorage<unknown>, (message) => storeOf((message as Context).told)),
  };
}
