import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import type { ApiRoute } from '#http/route.ts';
import { ROUTES } from '../../../src/routes.ts';
import { ORIGIN, openWorld, PASSWORD, type World } from '../../world.ts';

const EMAIL = 'ana@acme.example';
const CALLS = ROUTES.filter((route): route is ApiRoute => route.channel === 'api' && route.method !== 'GET');
/** Enough to try each mutation in each field several times, within a second per call. */
const RUNS = 100;

async function ready(t: TestContext) {
  const world = await openWorld(t);
  const partner = await world.addPartner();
  const ana = await world.addUser({ email: EMAIL, partnerId: partner.id });
  const secret = await world.addAuthenticator(ana.id);
  const signIn = async () => {
    const { body } = await world.api('POST', '/api/v1/sign-in', { email: EMAIL, password: PASSWORD });
    return String(body.pendingToken);
  };
  const opened = await world.api('POST', '/api/v1/sign-in/one-time-code', { code: world.totp(secret) }, await signIn());
  const session = String(Object(opened.body.session).token);
  return { world, tokens: { public: undefined, pendingSignIn: await signIn(), session, steppedUp: session } };
}

async function post(
  world: World,
  { method, path }: ApiRoute,
  body: Uint8Array<ArrayBuffer>,
  token: string | undefined,
) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const request = new Request(`${ORIGIN}${path}`, { method, headers, body });
  const response = await world.app.fetch(request, { remoteAddress: '192.0.2.9' });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** The sessions and counted attempts, which an invalid body must not change. */
async function counted(world: World): Promise<string> {
  const { read } = world.env.db;
  const attempts = await read.selectFrom('attempts').selectAll().execute();
  const pending = await read.selectFrom('pending_sign_ins').selectAll().execute();
  const sessions = await read.selectFrom('sessions').select('id').execute();
  return JSON.stringify([attempts, pending, sessions]);
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.integer({ min: 1, max: 70_000 }).map((length) => 'x'.repeat(length)),
  fc.constantFrom(
    '123456 ',
    '12 34 56x',
    "' OR 1=1--",
    '{{7*7}}',
    '#{7*7}',
    '%s%n%x',
    '\u0000',
    '\ud800',
    'a@b,c@d',
    '../..',
  ),
);

const nested = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.jsonValue(),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
})).value;

const deep = fc.integer({ min: 9, max: 20_000 }).map((depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`);

/** A body of the schema with a mutation at any place: a field is missing, has another type, or is additional. */
function bodies({ body }: ApiRoute): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const names = body instanceof z.ZodObject ? Object.keys(body.shape) : [];
  const field = fc.oneof({ weight: 3, arbitrary: text as fc.Arbitrary<unknown> }, { weight: 2, arbitrary: nested });
  const known = fc.record(Object.fromEntries(names.map((name) => [name, field])), { requiredKeys: [] });
  const extra = fc.option(
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'isAdmin', 'constructor')), nested),
  );
  const objects = fc.tuple(known, extra).map(([fields, more]) => JSON.stringify({ ...more, ...fields }));
  const doubled = objects.map((json) => json.replace('{', '{"code":"000000",'));
  const cut = fc
    .tuple(objects, fc.double({ min: 0, max: 0.99, noNaN: true }))
    .map(([json, at]) => json.slice(0, json.length * at));
  const any = fc.oneof(
    { weight: 6, arbitrary: objects },
    doubled,
    cut,
    deep,
    nested.map((value) => JSON.stringify(value)),
    fc.string(),
  );
  const encoded = any.map((json) => new Uint8Array(Buffer.from(json)));
  return fc.oneof(
    { weight: 9, arbitrary: encoded },
    fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(bytes)),
  );
}

/** The words of a body that are too rare to be in an answer by chance. */
function wordsOf(body: Uint8Array): readonly string[] {
  return (
    Buffer.from(body)
      .toString()
      .match(/[\p{L}\p{N}]{12,}/gu) ?? []
  ).map((word) => word.slice(0, 40));
}

for (const route of CALLS.filter(({ path }) => path !== '/api/v1/session')) {
  test(`${route.method} ${route.path} says a clear no to whatever it is sent`, async (t) => {
    const { world, tokens } = await ready(t);
    const token = Object.entries(tokens).find(([guard]) => guard === route.guard)?.[1];
    const property = fc.asyncProperty(bodies(route), async (body) => {
      const before = await counted(world);
      const { status, headers, text: answer } = await post(world, route, body, token);
      if (route.body === undefined && /^\s*(\{\s*\})?\s*$/.test(Buffer.from(body).toString())) return;
      assert.ok(status >= 400 && status < 500, `${status} ${answer}`);
      assert.equal(headers.get('content-type'), 'application/problem+json');
      assert.equal(headers.get('cache-control'), 'no-store');
      for (const word of wordsOf(body)) assert.ok(!answer.includes(word), `says ${word} again: ${answer}`);
      assert.doesNotMatch(answer, /at .*\.ts|node_modules|sqlite|zod|Unexpected token/i);
      if ([400, 413, 415].includes(status)) assert.equal(await counted(world), before, `${status} was counted`);
    });
    await fc.assert(property, { numRuns: RUNS });
    assert.equal(Reflect.get({}, 'isAdmin'), undefined);
    assert.ok(!world.log.some((line) => line.includes('request failed')));
  });
}

test('a doubled field is judged as it is read, once', async (t) => {
  const { world, tokens } = await ready(t);
  const route = CALLS.find(({ path }) => path === '/api/v1/sign-in/one-time-code');
  assert.ok(route);
  const body = new Uint8Array(Buffer.from('{"code":"000000","code":["000000"]}'));
  assert.equal((await post(world, route, body, tokens.pendingSignIn)).status, 400);
});
