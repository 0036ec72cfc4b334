import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { wantsTraces } from '#telemetry/telemetry.ts';
import { freePort, launch, openFolder } from '../cli/command-line.ts';
import { newDatabaseSettings } from '../databases/open.ts';

type Value = { readonly stringValue?: string; readonly intValue?: number | string; readonly boolValue?: boolean };
type Attribute = { readonly key: string; readonly value: Value };
type OtlpSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: readonly Attribute[];
};

/** A collector of OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp), JSON. */
async function openCollector(t: { after(done: () => void): void }) {
  const bodies: string[] = [];
  const server = createServer(async (incoming, outgoing) => {
    let body = '';
    for await (const chunk of incoming.setEncoding('utf8')) body += chunk;
    if (incoming.url === '/v1/traces') bodies.push(body);
    outgoing.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  t.after(() => server.closeAllConnections());
  const address = server.address();
  assert(typeof address === 'object' && address !== null);
  const spans = (): OtlpSpan[] =>
    bodies.flatMap((body) =>
      JSON.parse(body).resourceSpans.flatMap(({ scopeSpans }: { scopeSpans: { spans: OtlpSpan[] }[] }) =>
        scopeSpans.flatMap((scope) => scope.spans),
      ),
    );
  return { url: `http://127.0.0.1:${address.port}`, bodies, spans };
}

const attribute = (span: OtlpSpan | undefined, key: string): Value | undefined =>
  span?.attributes.find((each) => each.key === key)?.value;

const PARENT = { trace: '4bf92f3577b34da6a3ce929d0e0e4736', span: '00f067aa0ba902b7' };
const EMAIL = 'nobody@acme.example';
const TOKEN = 'A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0U1v';

async function traced(t: { after(done: () => void): void }, trustedProxies: string) {
  const collector = await openCollector(t);
  const environment = await newDatabaseSettings(openFolder(t).folder);
  const settings = {
    ...{ ...environment, PORT: String(await freePort()), SALLYPORT_TRUSTED_PROXIES: trustedProxies },
    ...{ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
    ...{ OTEL_BSP_SCHEDULE_DELAY: '100' },
  };
  const server = await launch(t, ['serve'], settings);
  const headers = {
    'x-forwarded-for': '203.0.113.9',
    'x-request-id': 'balancer-0001',
    traceparent: `00-${PARENT.trace}-${PARENT.span}-01`,
  };
  const answer = await fetch(`${server.url}/api/v1/sign-in`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ email: EMAIL, password: 'lantern otter velvet 9' }),
  });
  await fetch(`${server.url}/password/${TOKEN}?mark=${EMAIL}`, { headers });
  await fetch(`${server.url}/readyz`);
  // Stopping sends the rest.
  assert.equal((await server.stop()).code, 0);
  return { ...collector, spans: collector.spans(), requestId: answer.headers.get('x-request-id') };
}

test('a request behind a trusted proxy is one span of its trace, with its hash and its transactions in it', async (t) => {
  const { spans, bodies, requestId } = await traced(t, '1');
  const call = spans.find(({ name }) => name === 'POST /api/v1/sign-in');
  assert.equal(call?.traceId, PARENT.trace);
  assert.equal(call?.parentSpanId, PARENT.span);
  assert.equal(call?.kind, 2);
  assert.equal(attribute(call, 'http.route')?.stringValue, '/api/v1/sign-in');
  assert.equal(Number(attribute(call, 'http.response.status_code')?.intValue), 401);
  assert.equal(attribute(call, 'sallyport.request_id')?.stringValue, 'balancer-0001');
  assert.equal(requestId, 'balancer-0001');
  const within = spans.filter(({ parentSpanId }) => parentSpanId === call?.spanId).map(({ name }) => name);
  assert.equal(within.filter((name) => name === 'password hash').length, 1);
  assert.ok(within.filter((name) => name === 'database transaction').length >= 2, within.join());
  assert.ok(spans.some(({ name }) => name === 'GET /password/:token'));
  assert.ok(spans.every(({ name }) => !name.includes('readyz')));
  const all = bodies.join();
  for (const secret of [EMAIL, TOKEN, 'lantern', '203.0.113.9', 'process.command'])
    assert.ok(!all.includes(secret), secret);
  assert.match(all, /"service\.name","value":\{"stringValue":"sallyport"\}/);
});

test('a caller that no proxy vouches for chooses neither trace nor request id', async (t) => {
  const { spans, requestId } = await traced(t, '0');
  const call = spans.find(({ name }) => name === 'POST /api/v1/sign-in');
  assert.ok(call);
  assert.notEqual(call.traceId, PARENT.trace);
  assert.ok(!call.parentSpanId);
  assert.match(requestId ?? '', /^[0-9a-f-]{36}$/);
});

test('the standard variables switch traces on and off', () => {
  const endpoint = 'http://collector.example:4318';
  assert.equal(wantsTraces({}), false);
  assert.equal(wantsTraces({ OTEL_SERVICE_NAME: 'sign-in' }), false);
  assert.equal(wantsTraces({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }), true);
  assert.equal(wantsTraces({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint }), true);
  assert.equal(wantsTraces({ OTEL_TRACES_EXPORTER: 'console' }), true);
  assert.equal(wantsTraces({ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }), false);
  assert.equal(wantsTraces({ OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }), false);
});

test('a server without metrics and traces loads nothing of either', async () => {
  const script = `
    const { registerHooks } = await import('node:module');
    registerHooks({
      load(url, context, next) {
        if (/prom-client|opentelemetry/.test(url)) console.log(url);
        return next(url, context);
      },
    });
    const { startTelemetry } = await import('#telemetry/telemetry.ts');
    await import('#main.ts');
    await startTelemetry({ metricsPort: process.env.ON ? 1 : undefined }, process.env.ON ? { OTEL_TRACES_EXPORTER: 'otlp' } : {});
    process.exit(0);
  `;
  const loaded = async (environment: Record<string, string>): Promise<number> => {
    const { spawn } = await import('node:child_process');
    const root = new URL('../..', import.meta.url);
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: root,
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text;
    });
    const [code] = await once(child, 'close');
    assert.equal(code, 0);
    return out.split('\n').filter(Boolean).length;
  };
  assert.equal(await loaded({}), 0);
  assert.ok((await loaded({ ON: '1' })) > 20);
});
