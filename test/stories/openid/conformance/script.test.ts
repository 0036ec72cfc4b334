import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../../../conformance/create-plans.mjs', import.meta.url));
const SETTINGS = {
  SALLYPORT_ISSUER: 'https://sign-in.example.com',
  ...{ CLIENT_ID: 'one', CLIENT_SECRET: 'first', CLIENT2_ID: 'two', CLIENT2_SECRET: 'second' },
};

async function run(environment: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [SCRIPT], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, problems]: [string[], string[]] = [[], []];
  child.stdout.on('data', (chunk) => out.push(String(chunk)));
  child.stderr.on('data', (chunk) => problems.push(String(chunk)));
  const [code] = await once(child, 'close');
  return { code, out: out.join(''), problems: problems.join('') };
}

/** A server with the suite's interface for plans. */
async function openSuite(t: TestContext) {
  const created: { readonly plan: string | null; readonly variant: unknown; readonly config: unknown }[] = [];
  const server = createServer(async (request, response) => {
    const { searchParams } = new URL(String(request.url), 'http://suite');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const variant = JSON.parse(searchParams.get('variant') ?? 'null');
    const config = JSON.parse(Buffer.concat(chunks).toString());
    created.push({ plan: searchParams.get('planName'), variant, config });
    response.writeHead(201).end(JSON.stringify({ id: `plan${created.length}` }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { created, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

test('the script creates each plan with the clients of the environment', async (t) => {
  const { created, url } = await openSuite(t);
  const { code, out, problems } = await run({ ...SETTINGS, CONFORMANCE_SERVER: url });
  assert.equal(code, 0, problems);
  assert.deepEqual(
    created.map(({ plan }) => plan?.replace(/^oidcc-|-certification-test-plan$/g, '')),
    ['config', 'basic', 'rp-initiated-logout', 'backchannel-rp-initiated-logout'],
  );
  assert.deepEqual(created[1]?.variant, { server_metadata: 'discovery', client_registration: 'static_client' });
  const config = Object(created[1]?.config);
  assert.equal(config.server.discoveryUrl, 'https://sign-in.example.com/.well-known/openid-configuration');
  assert.deepEqual(config.client2, { client_id: 'two', client_secret: 'second' });
  assert.match(out, new RegExp(`${url}plan-detail\\.html\\?plan=plan4`));
});

test('the script says what is missing', async () => {
  const { CLIENT_SECRET: _, ...rest } = SETTINGS;
  const { code, problems } = await run(rest);
  assert.equal(code, 2);
  assert.match(problems, /^Set CLIENT_SECRET:/);
});
