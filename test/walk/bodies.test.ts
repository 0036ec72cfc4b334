import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { SCOPES } from '#core/portals/api-key.ts';
import { isRefusal } from '#core/values/result.ts';
import { addApiKey } from '#flows/administration/api-keys.ts';
import type { ApiRoute, Guard } from '#http/route.ts';
import { ROUTES } from '../../src/routes.ts';
import { ORIGIN, openWorld, PASSWORD, type World } from '../world.ts';

const EMAIL = 'ana@acme.example';
const CALLS = ROUTES.filter((route): route is ApiRoute => route.channel === 'api' && route.method !== 'GET');

/** Fields that an attacker would like to set (OWASP API3:2023). */
const UNASKED = {
  ...{ mfaRequired: false, role: 'admin', emailVerified: true, tenantId: 't2', partnerId: 't2', aal: 2, amr: ['mfa'] },
  ...{ totpSecret: 'A'.repeat(32), passwordHash: 'x', lockedUntil: null, state: 'complete', userId: 'x', id: 'x' },
  ...{ sealed_password: 'x', disabled_at: null, mfa_policy: 'off', step_up_at: 9_999_999_999, Email: 'x', Code: '1' },
  ...{ skippable: true, tries: -100, completed_at: 1, isAdmin: true, form_token: 'x', methods: [], token: 'x' },
};

/** A person with an unfinished API sign-in: calls with its token and with a session's token are possible. */
async function halfwayIn(t: TestContext) {
  const world = await openWorld(t);
  const partner = await world.addPartner({ policy: 'optional' });
  const ana = await world.addUser({ email: EMAIL, partnerId: partner.id });
  const secret = await world.addAuthenticator(ana.id);
  const pending = await pendingToken(world);
  const opened = await world.api('POST', '/api/v1/sign-in/one-time-code', { code: world.totp(secret) }, pending);
  const { token } = Object(opened.body.session);
  assert.equal(typeof token, 'string');
  const made = await addApiKey(world.env, 'system', { name: 'every scope', scopes: SCOPES, expiresAt: undefined });
  assert.ok(!isRefusal(made));
  const tokens: Readonly<Partial<Record<Guard, string>>> = {
    ...Object.fromEntries(SCOPES.map((scope) => [`apiKey:${scope}`, made.key])),
    pendingSignIn: await pendingToken(world),
    session: token,
    steppedUp: token,
  };
  return { world, secret, tokens, ana };
}

async function pendingToken(world: World): Promise<string> {
  const { body } = await world.api('POST', '/api/v1/sign-in', { email: EMAIL, password: PASSWORD });
  return String(body.pendingToken);
}

/** Every row of every table except the log, which may grow. */
async function everything(world: World): Promise<string> {
  const tables = [
    'users',
    'partners',
    'authenticators',
    'enrollments',
    'recovery_code_sets',
    'recovery_codes',
  ] as const;
  const counters = ['pending_sign_ins', 'sessions', 'devices', 'attempts', 'links', 'outbox', 'audit_events'] as const;
  const rows = [];
  for (const table of [...tables, ...counters])
    rows.push(await world.env.db.read.selectFrom(table).selectAll().execute());
  return JSON.stringify(rows);
}

/** A valid body, so that only the additional field can cause a refusal. */
function fittingBody(world: World, { body }: ApiRoute, secret: string): Record<string, string> {
  const values: Record<string, string> = { email: EMAIL, password: PASSWORD, code: world.totp(secret, 1) };
  const names = body instanceof z.ZodObject ? Object.keys(body.shape) : [];
  return Object.fromEntries(names.map((name) => [name, values[name] ?? 'x']));
}

for (const route of CALLS) {
  const { method, path, guard } = route;
  test(`${method} ${path} takes no field that it does not know, and changes nothing`, async (t) => {
    const { world, secret, tokens } = await halfwayIn(t);
    const before = await everything(world);
    for (const [name, value] of Object.entries(UNASKED)) {
      const body = { ...fittingBody(world, route, secret), [name]: value };
      const answer = await world.api(method, path, body, tokens[guard]);
      assert.equal(answer.status, 400, `${name}: ${JSON.stringify(answer.body)}`);
      assert.equal(answer.body.code, 'invalid_request', name);
      assert.equal(await everything(world), before, `${name} changed something`);
    }
  });
}

/** None of them is six digits in a string. Most of them look like "no code was sent" to a careless check. */
const NO_CODE: readonly unknown[] = [
  ...['', ' ', '12345', '1234567', '00000000', 'null', 'undefined', 'NaN', '١٢٣٤٥٦', '+123456', '0x1E240', '123456a'],
  ...[null, [], {}, true, false, 0, 1, 123456, 1.5, ['123456'], [['123456']], { $ne: null }, { code: '123456' }],
  ...[undefined, '6'.repeat(6_000), '12\u000056', '123456\u202e7', '½23456', '💥💥💥'],
];

for (const route of CALLS.filter(({ body }) => body instanceof z.ZodObject && 'code' in body.shape)) {
  test(`${route.path} takes nothing but a string of a code, and counts nothing else as a try`, async (t) => {
    const { world, tokens } = await halfwayIn(t);
    const before = await everything(world);
    for (const code of NO_CODE) {
      const answer = await world.api('POST', route.path, { code }, tokens[route.guard]);
      const what = `${JSON.stringify(code)}: ${JSON.stringify(answer.body)}`;
      assert.equal(answer.status, 400, what);
      assert.equal(answer.body.code, 'invalid_request', what);
      assert.equal(answer.body.session, undefined, what);
    }
    assert.equal(await everything(world), before);
  });
}

for (const [path, right] of [
  ['/sign-in/one-time-code', 'one-time code'],
  ['/sign-in/recovery-code', 'recovery code'],
] as const) {
  test(`the form of ${path} counts nothing but a ${right} as a try`, async (t) => {
    const { world } = await halfwayIn(t);
    const person = world.person();
    await person.signIn(EMAIL);
    await person.get(path);
    const before = await everything(world);
    for (const code of NO_CODE.filter((value) => typeof value === 'string')) {
      const answer = await person.post(path, { code });
      assert.equal(answer.status, 400, JSON.stringify(code));
    }
    for (const fields of [{}, { 'code[]': '123456' }, { 'code[$ne]': '' }, { Code: '123456' }]) {
      assert.equal((await person.post(path, fields)).status, 400, JSON.stringify(fields));
    }
    assert.equal(await everything(world), before);
  });
}

test('a code in the address is no code', async (t) => {
  const { world, secret, tokens } = await halfwayIn(t);
  const query = `?code=${world.totp(secret, 1)}`;
  const call = await world.api('POST', `/api/v1/sign-in/one-time-code${query}`, {}, tokens.pendingSignIn);
  assert.equal(call.status, 400);
  const person = world.person();
  await person.signIn(EMAIL);
  await person.get('/sign-in/one-time-code');
  const token = /name="form_token" value="([^"]+)"/.exec((await person.get('/sign-in/one-time-code')).text)?.[1] ?? '';
  const form = { method: 'POST', body: new URLSearchParams({ form_token: token }), headers: { origin: ORIGIN } };
  assert.equal((await person.send(`/sign-in/one-time-code${query}`, form)).status, 400);
  assert.equal((await person.get('/')).status, 303);
});
