import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SCOPES } from '#core/portals/api-key.ts';
import { seeOther } from '#http/pages/reply.ts';
import { api, type Guard, page } from '#http/route.ts';
import { START } from '../world.ts';
import { type Credential, credentials, type Held } from './credentials.ts';
import {
  type Answered,
  apiVerdict,
  assertHarmless,
  beginWalk,
  belongings,
  type FormKind,
  isTurnedAway,
  pageVerdict,
  pathOf,
  type Row,
  rightsOf,
  send,
  TABLE,
  type Verdict,
  type Walk,
} from './walk.ts';

const CREDENTIALS = credentials(START);
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'];

const GUARDS: readonly Guard[] = [
  ...(['public', 'pendingSignIn', 'maybePending', 'session', 'steppedUp', 'manager', 'managerSteppedUp'] as const),
  ...(['staff', 'staffSteppedUp', 'staffAdmin', 'staffAdminSteppedUp'] as const),
  ...SCOPES.map((scope) => `apiKey:${scope}` as const),
];

let walk: Walk;
const cleanups: (() => unknown)[] = [];
before(async () => {
  walk = await beginWalk({ after: (work) => void cleanups.push(work) });
});
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

describe('the table of routes', () => {
  it('has a guard for every route, and every route once', () => {
    for (const { guard, path } of TABLE) {
      assert.ok(GUARDS.includes(guard), path);
    }
    assert.equal(new Set(TABLE.map(({ method, path }) => `${method} ${path}`)).size, TABLE.length);
  });

  it('takes no route without a guard', () => {
    // @ts-expect-error: a page without a guard does not compile
    page({ method: 'GET', path: '/x', handle: () => seeOther('/') });
    // @ts-expect-error: a call without a guard does not compile
    api({ method: 'GET', path: '/x', summary: '', refusals: [], handle: async () => undefined });
    // @ts-expect-error: nor one with a guard that nobody checks
    page({ method: 'GET', path: '/x', guard: 'anybody', handle: () => seeOther('/') });
    // @ts-expect-error: nor a page that a program's key would open
    page({ method: 'GET', path: '/x', guard: 'apiKey:users:read', handle: () => seeOther('/') });
    // @ts-expect-error: nor a call for a scope that no key can have
    api({ method: 'GET', path: '/x', guard: 'apiKey:all', summary: '', refusals: [], handle: async () => undefined });
  });

  it('is public only where this list says so', () => {
    const open = TABLE.filter(({ guard, path }) => guard === 'public' && !path.startsWith('/help')).map(
      ({ method, path }) => `${method} ${path}`,
    );
    assert.deepEqual(open.toSorted(), [
      ...['GET /.well-known/change-password', 'GET /api/v1/openapi.json', 'GET /assets/:file', 'GET /brand.css'],
      ...['GET /continue', 'GET /email-revert/:token', 'GET /email-reverted'],
      ...['GET /forgot-password', 'GET /healthz', 'GET /invitation/:token', 'GET /logo', 'GET /logo/:id'],
      ...['GET /oidc/signed-out', 'GET /password/:token'],
      ...['GET /readyz', 'GET /sign-in', 'GET /sign-in/lost', 'POST /api/v1/sign-in', 'POST /email-revert/:token'],
      ...['POST /forgot-password', 'POST /invitation/:token'],
      ...['POST /language', 'POST /oidc/sign-out/confirm', 'POST /password/:token', 'POST /sign-in'],
      ...['POST /sign-in/passkey/alone', 'POST /sign-in/passkey/alone/options', 'POST /sign-out'],
    ]);
  });
});

describe('the guard of a route', () => {
  it('is a step-up wherever authenticators, recovery codes or the password are looked at or changed', () => {
    const grave = TABLE.filter(({ path }) => /^\/security\/(authenticator|recovery-codes|password|email)/.test(path));
    assert.ok(grave.length >= 9);
    for (const { method, path, guard } of grave) {
      // Cancelling a set-up takes nothing away, so a session is enough.
      const expected = path === '/security/authenticator/cancel' ? 'session' : 'steppedUp';
      assert.equal(guard, expected, `${method} ${path}`);
    }
  });

  it('is the pending sign-in for every step of one, and for nothing else', () => {
    const steps =
      /^(\/api\/v1\/sign-in\/enrollment.*|(\/api\/v1)?\/sign-in\/(one-time-code|recovery-code)|\/sign-in\/passkey(\/options)?|\/enroll(\/authenticator|\/access-code|\/skip|\/passkey(\/options)?)?)$/;
    for (const { method, path, guard } of TABLE) {
      const isStep = steps.test(path) || `${method} ${path}` === 'GET /api/v1/sign-in';
      assert.equal(guard === 'pendingSignIn', isStep, `${method} ${path}`);
    }
  });
});

for (const row of TABLE) {
  describe(`${row.method} ${row.path}, for ${row.guard}`, () => {
    it('lets in whom its guard allows, and changes nothing for anybody else', async () => {
      const before = await belongings(walk, walk.other.id);
      for (const credential of CREDENTIALS) await check(row, credential, 'own');
      assert.equal(await belongings(walk, walk.other.id), before, 'somebody else’s belongings changed');
    });

    if (row.route?.channel === 'page' && row.method === 'POST') {
      it('takes no form without our origin, without its token or with another’s', async () => {
        for (const credential of CREDENTIALS.filter(({ worth }) => worth?.page)) {
          for (const form of ['no origin', 'no token', 'another browser', 'another session'] as const)
            await check(row, credential, form);
        }
      });
    }
  });
}

function verdictOf(row: Row, { worth = {} }: Credential, { carried }: Held, form: FormKind): Verdict {
  const { guard, method, route } = row;
  const { query = '', cookies = {} } = carried;
  if (route === undefined) return 'in';
  if (route.channel === 'api')
    return query === '' ? apiVerdict(guard, worth.api ?? 'nobody', hasToken(carried)) : { status: 400 };
  if (form === 'no origin') return { status: 403 };
  const verdict = pageVerdict(route.guard, { access: worth.page ?? 'nobody', cookies }, method, pathOf(row) + query);
  // A public form is bound only to the browser.
  const fits = form === 'own' || (form === 'another session' && guard === 'public');
  return verdict === 'in' && !fits ? { status: 403 } : verdict;
}

function hasToken({ headers = {} }: Held['carried']): boolean {
  return headers.authorization !== undefined;
}

async function check(row: Row, credential: Credential, form: FormKind): Promise<void> {
  const what = `${row.method} ${row.path} with ${credential.name}, ${form} form`;
  const lasting = await walk.lasting(credential);
  const verdict = verdictOf(row, credential, lasting, form);
  // An allowed request may change its person, so it gets a new one.
  const held = verdict === 'in' && row.method !== 'GET' ? await walk.meet(credential) : lasting;
  const answer = await send(walk, row, held, form);
  assertHarmless(walk, answer, what);
  if (verdict === 'in') {
    // The page of a step-up leads a person without a passkey to another method.
    const isAsked = row.path === '/step-up/passkey' && answer.headers.get('location') === '/step-up';
    assert.ok(isAsked || !isTurnedAway(answer), `${what}: turned away with ${answer.status}`);
    assert.deepEqual(await rightsOf(walk, held.userId), { role: 'member', partner_id: walk.partnerId }, what);
    return;
  }
  assert.equal(answer.status, verdict.status, `${what}: ${answer.text.slice(0, 200)}`);
  assert.equal(answer.headers.get('location'), verdict.location ?? null, what);
  assertChallenge(row, answer, what);
  assert.equal(await belongings(walk, lasting.userId), lasting.belongings, `${what}: something changed`);
}

function assertChallenge({ route, guard }: Row, { status, headers, text }: Answered, what: string): void {
  if (route?.channel !== 'api') return;
  assert.equal(headers.get('content-type'), 'application/problem+json', what);
  assert.equal(headers.get('www-authenticate'), status === 401 ? 'Bearer' : null, what);
  const code = guard.startsWith('apiKey:') ? 'api_key_invalid' : 'sign_in_expired';
  if (status === 401) assert.equal(JSON.parse(text).code, code, what);
}

describe('a method that a path does not know', () => {
  const strongest = CREDENTIALS.filter(({ name }) => name.includes('stepped up 299'));
  for (const path of new Set(TABLE.map((row) => row.path))) {
    it(`is refused at ${path} with 405 and what it knows`, async () => {
      const known = TABLE.filter((row) => row.path === path).map(({ method }) => method);
      const own = known.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
      // Some balancers check health with OPTIONS.
      const allowed = ['/healthz', '/readyz'].includes(path) ? [...own, 'OPTIONS'] : own;
      for (const method of METHODS.filter((other) => !allowed.includes(other))) {
        for (const credential of strongest) {
          const held = await walk.lasting(credential);
          const { status, headers } = await send(walk, { method, path, guard: 'public' }, held);
          assert.equal(status, 405, `${method} ${path} with ${credential.name}`);
          assert.deepEqual(headers.get('allow')?.split(', ').toSorted(), allowed.toSorted());
          assert.equal(await belongings(walk, held.userId), held.belongings, `${method} ${path} changed something`);
        }
      }
    });
  }
});

describe('HEAD', () => {
  const some = CREDENTIALS.filter(({ name, worth }) => worth || name === 'nothing');
  for (const row of TABLE.filter(({ method }) => method === 'GET')) {
    it(`is guarded at ${row.path} as GET is, without a body`, async () => {
      for (const credential of some) {
        const held = await walk.lasting(credential);
        const get = await send(walk, row, held);
        const head = await send(walk, { ...row, method: 'HEAD' }, held);
        assert.equal(head.status, get.status, credential.name);
        assert.equal(head.headers.get('location'), get.headers.get('location'), credential.name);
        assert.equal(head.text, '', credential.name);
      }
    });
  }
});
