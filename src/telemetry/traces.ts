import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { hashes, type RequestSignal, requests, transactions } from '#signals.ts';
import { StorageUnavailable } from '#store/engine/database.ts';

export type Traces = {
  /** Sends the remaining spans. */
  stop(): Promise<void>;
};

/** A collector that does not answer must not delay the shutdown longer than this. */
const STOP_SECONDS = 5;

/**
 * Sends spans as the `OTEL_*` variables configure, until stopped: one per request, and in it one per password hash and
 * transaction. They contain route patterns, statuses, request ids and durations, but nothing about a person.
 */
export function startTraces(): Traces {
  // The default detectors would report the user, the path and the arguments of the process.
  process.env.OTEL_NODE_RESOURCE_DETECTORS ??= 'env,host,serviceinstance';
  const sdk = new NodeSDK({ metricReaders: [], logRecordProcessors: [], ...(isUnnamed() && { serviceName: NAME }) });
  sdk.start();
  const current = new AsyncLocalStorage<Context>();
  traceRequests(current);
  traceWithin(current);
  return { stop: () => Promise.race([sdk.shutdown().catch(() => {}), endOf(STOP_SECONDS)]) };
}

const NAME = 'sallyport';

function isUnnamed(): boolean {
  const { OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES = '' } = process.env;
  return OTEL_SERVICE_NAME === undefined && !OTEL_RESOURCE_ATTRIBUTES.includes('service.name=');
}

function traceRequests(current: AsyncLocalStorage<Context>): void {
  const tracer = trace.getTracer(NAME);
  const begun = new WeakMap<object, Span>();
  requests.bind(current, (signal) => {
    const parent = callerOf(signal);
    if (isNoise(signal)) return parent;
    const span = tracer.startSpan('request', { kind: SpanKind.SERVER }, parent);
    begun.set(signal, span);
    return trace.setSpan(parent, span);
  });
  requests.listen(({ request: { method }, route, requestId, result, error }, signal) => {
    const span = begun.get(signal);
    if (span === undefined) return;
    span.updateName(`${method} ${route}`);
    span.setAttributes({ 'http.request.method': method, 'http.route': route, 'sallyport.request_id': requestId });
    if (result !== undefined) span.setAttribute('http.response.status_code', result.status);
    if (error !== undefined || (result?.status ?? 0) >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });
}

/** Health checks every few seconds, and files answered from memory. */
function isNoise({ pathname }: RequestSignal): boolean {
  return pathname === '/healthz' || pathname === '/readyz' || pathname.startsWith('/assets/');
}

/** Reads W3C Trace Context only from a trusted proxy, because others could add spans or switch traces off. */
function callerOf({ request, isFromProxy }: RequestSignal): Context {
  if (!isFromProxy) return ROOT_CONTEXT;
  const carrier: Record<string, string> = {};
  for (const name of ['traceparent', 'tracestate']) {
    const value = request.headers.get(name);
    if (value !== null) carrier[name] = value;
  }
  return propagation.extract(ROOT_CONTEXT, carrier);
}

/** Traces the hashes and transactions of requests. Those of timers and commands are not traced. */
function traceWithin(current: AsyncLocalStorage<Context>): void {
  const tracer = trace.getTracer(NAME);
  hashes.listen(({ hashes: count, waitMs, milliseconds, error }) => {
    const attributes = { 'sallyport.hashes': count, 'sallyport.wait_ms': waitMs };
    endSpan('password hash', attributes, milliseconds, error);
  });
  transactions.listen(({ milliseconds, error }) => {
    // A refusal also rolls back, and is not a fault.
    const fault = error instanceof StorageUnavailable ? error : undefined;
    endSpan('database transaction', { 'sallyport.committed': error === undefined }, milliseconds, fault);
  });

  function endSpan(name: string, attributes: Record<string, number | boolean>, milliseconds: number, fault: unknown) {
    const parent = current.getStore();
    if (parent === undefined || trace.getSpan(parent) === undefined) return;
    const span = tracer.startSpan(name, { attributes, startTime: Date.now() - milliseconds }, parent);
    if (fault !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }
}

function endOf(seconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, seconds * 1000).unref());
}
