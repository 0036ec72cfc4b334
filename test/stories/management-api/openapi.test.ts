import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isScope } from '#core/portals/api-key.ts';
import { openWithAna } from '../../story.ts';
import { ORIGIN } from '../../world.ts';

it('the document describes every call from the declarations that route and validate', async (t) => {
  const { world } = await openWithAna(t);
  const { status, headers, body } = await world.api('GET', '/api/v1/openapi.json');
  assert.equal(status, 200);
  assert.equal(headers.get('content-type'), 'application/json');
  assert.match(String(body.openapi), /^3\.1\./);
  assert.deepEqual(body.servers, [{ url: ORIGIN }]);
  const paths = body.paths as Record<string, Record<string, Operation>>;
  const calls = Object.entries(paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method} ${path}`));
  assert.deepEqual(calls.sort(), CALLS);

  const signIn = paths['/api/v1/sign-in']?.post;
  const sent = signIn?.requestBody?.content['application/json']?.schema;
  assert.deepEqual([sent?.required, sent?.additionalProperties], [['email', 'password'], false]);
  const answered = signIn?.responses['200']?.content?.['application/json']?.schema;
  assert.deepEqual(answered?.required, ['state', 'methods']);
  assert.deepEqual(Object.keys(answered?.properties ?? {}).sort(), SIGN_IN_FIELDS);
  const refs = JSON.stringify(body).match(/"#\/[^"]+"/g) ?? [];
  for (const ref of new Set(refs)) assert.notEqual(at(body, ref.slice(3, -1)), undefined, ref);
  assert.doesNotMatch(JSON.stringify(body), /9007199254740991/);
  const ids = new Set<string>();
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const name = `${method} ${path}`;
      assert(operation.summary, name);
      assert.match(operation.operationId, /^(get|post|patch|delete)[A-Za-z0-9]+$/);
      ids.add(operation.operationId);
      assert(operation.responses['200'] ?? operation.responses['204'], name);
      assert(operation.responses['400'] && operation.responses['503'], name);
      const isOpen = operation.security.every((one) => Object.keys(one).length === 0);
      assert.equal(isOpen || operation.security.length > 1, WITHOUT_TOKEN.includes(name), name);
      assert.equal(operation.responses['401'] !== undefined, true, name);
      for (const [scheme, needed] of operation.security.flatMap((one) => Object.entries(one))) {
        assert.equal(scheme === 'apiKey', MANAGEMENT.test(path), name);
        if (scheme === 'apiKey') assert.ok(isScope(String(needed)), name);
      }
    }
  }
  assert.equal(ids.size, CALLS.length, 'each call has a name of its own');
});

const WITHOUT_TOKEN = ['post /api/v1/sign-in', 'post /api/v1/sign-in/passkey', 'post /api/v1/sign-in/passkey/options'];
const MANAGEMENT = /^\/api\/v1\/(?:partners|users|audit|clients|bulk-jobs)(?:\/|$)/;
const CALLS = [
  'delete /api/v1/authenticators/{authenticator}',
  'delete /api/v1/session',
  'get /api/v1/audit',
  'get /api/v1/authenticators',
  'get /api/v1/bulk-jobs',
  'get /api/v1/bulk-jobs/{job}',
  'get /api/v1/bulk-jobs/{job}/items',
  'get /api/v1/clients',
  'get /api/v1/clients/{client}',
  'get /api/v1/partners',
  'get /api/v1/partners/{partner}',
  'get /api/v1/partners/{partner}/look',
  'get /api/v1/session',
  'get /api/v1/sign-in',
  'get /api/v1/users',
  'get /api/v1/users/{user}',
  'patch /api/v1/authenticators/{authenticator}',
  'post /api/v1/authenticators',
  'post /api/v1/authenticators/{authenticator}/confirm',
  'post /api/v1/bulk-jobs',
  'post /api/v1/bulk-jobs/{job}/stop',
  'post /api/v1/bulk-jobs/{job}/undo',
  'post /api/v1/clients',
  'post /api/v1/clients/{client}/disable',
  'post /api/v1/clients/{client}/enable',
  'post /api/v1/clients/{client}/new-secret',
  'post /api/v1/partners',
  'post /api/v1/partners/{partner}/archive',
  'post /api/v1/partners/{partner}/look',
  'post /api/v1/partners/{partner}/look/logo',
  'post /api/v1/partners/{partner}/mfa',
  'post /api/v1/partners/{partner}/mfa/preview',
  'post /api/v1/partners/{partner}/name',
  'post /api/v1/partners/{partner}/passkeys',
  'post /api/v1/partners/{partner}/passkeys/preview',
  'post /api/v1/partners/{partner}/restore',
  'post /api/v1/partners/{partner}/trusted-devices',
  'post /api/v1/sign-in',
  'post /api/v1/sign-in/enrollment',
  'post /api/v1/sign-in/enrollment/access-code',
  'post /api/v1/sign-in/enrollment/confirm',
  'post /api/v1/sign-in/enrollment/passkey',
  'post /api/v1/sign-in/enrollment/passkey/options',
  'post /api/v1/sign-in/enrollment/skip',
  'post /api/v1/sign-in/one-time-code',
  'post /api/v1/sign-in/passkey',
  'post /api/v1/sign-in/passkey/options',
  'post /api/v1/sign-in/recovery-code',
  'post /api/v1/step-up/one-time-code',
  'post /api/v1/step-up/passkey',
  'post /api/v1/step-up/passkey/options',
  'post /api/v1/step-up/password',
  'post /api/v1/step-up/recovery-code',
  'post /api/v1/users',
  'post /api/v1/users/{user}/access-code',
  'post /api/v1/users/{user}/delete',
  'post /api/v1/users/{user}/disable',
  'post /api/v1/users/{user}/enable',
  'post /api/v1/users/{user}/exemption',
  'post /api/v1/users/{user}/exemption/end',
  'post /api/v1/users/{user}/invitation',
  'post /api/v1/users/{user}/password-link',
  'post /api/v1/users/{user}/reset-mfa',
  'post /api/v1/users/{user}/unlock',
];
const SIGN_IN_FIELDS = ['enrollmentDeadline', 'expiresAt', 'methods', 'pendingToken', 'session', 'state'];

type Schema = { required?: string[]; properties?: object; additionalProperties?: boolean };
type Content = { content: Record<string, { schema: Schema }> };
type Operation = {
  operationId: string;
  summary?: string;
  security: object[];
  requestBody?: Content;
  responses: Record<string, Partial<Content>>;
};

function at(document: unknown, pointer: string): unknown {
  return pointer.split('/').reduce((value: unknown, key) => Object(value)[key], document);
}
