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
  /** Sends what is left. */
  stop(): Promise<void>;
};

/** A collector that does not answer must not keep a stopping server. */
const STOP_SECONDS = 5;

/**
 * Sends spans as the `OTEL_*` variables say, until stopped: one for each request, and in it one for each password hash
 * and each transaction. They carry route patterns, statuses, request ids and spans of time, nothing of a person.
 */
export function startTraces(): Traces {
  // By default the process would tell its user, its path and its arguments.
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
  requests.bind(current, (told) => {
    const parent = callerOf(told);
    if (isNoise(told)) return parent;
    const span = tracer.startSpan('request', { kind: SpanKind.SERVER }, parent);
    begun.set(told, span);
    return trace.setSpan(parent, span);
  });
  requests.listen(({ request: { method }, route, requestId, result, error }, told) => {
    const span = begun.get(told);
    if (span === undefined) return;
    span.updateName(`${method} ${route}`);
    span.setAttributes({ 'http.request.method': method, 'http.route': route, 'sallyport.request_id': requestId });
    if (result !== undefined) span.setAttribute('http.response.status_code', result.status);
    if (error !== undefined || (result?.status ?? 0) >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });
}

/** Asked for every few seconds, or answered from memory. */
function isNoise({ pathname }: RequestSignal): boolean {
  return pathname === '/healthz' || pathname === '/readyz' || pathname.startsWith('/assets/');
}

/** W3C Trace Context, from a proxy of ours alone: others could hang their spans into our traces, or switch them off. */
function callerOf({ request, isFromProxy }: RequestSignal): Context {
  if (!isFromProxy) return ROOT_CONTEXT;
  const carrier: Record<string, string> = {};
  for (const name of ['traceparent', 'tracestate']) {
    const value = request.headers.get(name);
    if (value !== null) carrier[name] = value;
  }
  return propagation.extract(ROOT_CONTEXT, carrier);
}

/** Hashes and transactions of a request; those of timers and commands are nobody's. */
function traceWithin(current: AsyncLocalStorage<Context>): void {
  const tracer = trace.getTracer(NAME);
  hashes.listen(({ hashes: count, waitMs, milliseconds, error }) => {
    const attributes = { 'sallyport.hashes': count, 'sallyport.wait_ms': waitMs };
    endSpan('password hash', attributes, milliseconds, error);
  });
  transactions.listen(({ milliseconds, error }) => {
    // A refusal rolls back too, and is no fault.
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
