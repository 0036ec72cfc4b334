import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { z } from 'zod';
import { seeOther, show } from '#http/reply.ts';
import { type PageCall, page } from '#http/route.ts';
import { StorageUnavailable } from '#store/database.ts';
import { addPending, addSession, NOW, ORIGIN, openHouse, setCookies, tokenOf } from './house.ts';

const seen: { input: unknown; query: string; deviceToken: string | undefined }[] = [];

function draw({ view }: { view: PageCall<'public'>['view'] }) {
  const { formToken, staleForm, keptEmail, signedIn, locale } = view;
  return show(JSON.stringify({ formToken, staleForm, keptEmail, signedIn, locale }));
}

const note = page({
  method: 'POST',
  path: '/note',
  guard: 'public',
  form: z.object({ email: z.string().max(20).optional(), code: z.string().optional() }),
  handle: ({ input, query, client }) => {
    seen.push({ input, query: query.toString(), deviceToken: client.deviceToken });
    return seeOther('/done', [{ cookie: 'session', value: 'v', maxAgeSeconds: 9 }, { cookie: 'pending' }]);
  },
});

const ROUTES = [
  page({ method: 'GET', path: '/note', guard: 'public', handle: draw }),
  note,
  page({ method: 'POST', path: '/lonely', guard: 'public', handle: () => seeOther('/done') }),
  page({ method: 'GET', path: '/second', guard: 'pendingSignIn', handle: draw }),
  page({ method: 'POST', path: '/second', guard: 'pendingSignIn', handle: () => seeOther('/done') }),
  page({ method: 'GET', path: '/mine', guard: 'session', handle: draw }),
  page({ method: 'POST', path: '/mine', guard: 'session', handle: () => seeOther('/done') }),
  page({ method: 'POST', path: '/sign-out', guard: 'session', handle: () => seeOther('/out') }),
  page({ method: 'GET', path: '/enroll/recovery-codes', guard: 'session', handle: draw }),
  page({ method: 'GET', path: '/grave', guard: 'steppedUp', handle: draw }),
  page({ method: 'POST', path: '/grave', guard: 'steppedUp', handle: () => seeOther('/done') }),
  page({
    method: 'GET',
    path: '/invitation/:token',
    guard: 'public',
    handle: ({ params }) => show(String(params.token)),
  }),
  page({
    method: 'GET',
    path: '/broken',
    guard: 'public',
    handle: () => {
      throw new Error('SELECT secret FROM /etc/shadow');
    },
  }),
  page({
    method: 'GET',
    path: '/away',
    guard: 'public',
    handle: () => {
      throw new StorageUnavailable('disk');
    },
  }),
];

type House = Awaited<ReturnType<typeof openHouse>>;
let house: House;
before(async () => {
  house = await openHouse(ROUTES);
  await addSession(house.db, 'live');
  await addSession(house.db, 'other');
  await addSession(house.db, 'stepped', { step_up_at: NOW - 10, step_up_method: 'totp' });
  await addSession(house.db, 'idle', { last_seen_at: NOW - 3600 });
  await addSession(house.db, 'ended', { expires_at: NOW });
  await addSession(house.db, 'api', { mouth: 'api' });
  await addPending(house.db, 'live');
  await addPending(house.db, 'over', { expires_at: NOW });
  await addPending(house.db, 'done', { completed_at: NOW, completed_to: '/finished' });
});

type Drawn = Pick<PageCall<'public'>['view'], 'formToken' | 'staleForm' | 'keptEmail' | 'signedIn' | 'locale'>;

/** What `draw` showed. */
async function drawn(response: Response): Promise<Drawn> {
  return JSON.parse(await response.text());
}

/** A page as a browser keeps it: its form cookie and its form token. */
async function open(path: string, cookies: Record<string, string> = {}) {
  const response = await house.get(path, cookies);
  assert.equal(response.status, 200);
  const form = setCookies(response)[house.names.form] ?? '';
  const body = await drawn(response);
  return { cookies: { ...cookies, form }, token: body.formToken, body, response };
}

describe('the guard of a page', () => {
  it('sends a stranger to sign in, with the way back', async () => {
    const response = await house.get('/mine?tab=2&x=%2F');
    assert.equal(response.status, 303);
    assert.equal(response.headers.get('location'), '/sign-in?return_to=%2Fmine%3Ftab%3D2%26x%3D%252F');
  });

  it('answers a form of a stranger with 401 and a link to sign in', async () => {
    const response = await house.post('/mine', {});
    assert.equal(response.status, 401);
    assert.match(await response.text(), /href="\/sign-in"/);
  });

  for (const name of ['idle', 'ended', 'api', 'never', 'short']) {
    it(`takes a session cookie for none: ${name}`, async () => {
      const value = name === 'short' ? 'x' : tokenOf(name);
      assert.equal((await house.get('/mine', { session: value })).status, 303);
    });
  }

  it('lets a live session in and says who it is', async () => {
    const { body } = await open('/mine', { session: tokenOf('live') });
    assert.deepEqual(body.signedIn, { name: 'Ana', email: 'ana@acme.example' });
  });

  it('lets a live pending sign-in in, and no session instead of it', async () => {
    await open('/second', { pending: tokenOf('live') });
    const response = await house.get('/second', { pending: tokenOf('over'), session: tokenOf('live') });
    assert.equal(response.headers.get('location'), '/portal');
  });

  it('sends a finished pending sign-in where it went, for GET and POST', async () => {
    for (const response of [
      await house.get('/second', { pending: tokenOf('done') }),
      await house.post('/second', {}, { pending: tokenOf('done') }),
    ]) {
      assert.equal(response.status, 303);
      assert.equal(response.headers.get('location'), '/finished');
    }
  });

  it('sends everybody else to sign in, for GET and POST', async () => {
    for (const response of [await house.get('/second'), await house.post('/second', {})]) {
      assert.equal(response.headers.get('location'), '/sign-in');
    }
  });

  it('asks for a step-up and remembers the page', async () => {
    const response = await house.get('/grave?a=1', { session: tokenOf('live') });
    assert.equal(response.headers.get('location'), '/step-up');
    const row = await house.db.read
      .selectFrom('sessions')
      .select('step_up_to')
      .where('id', '=', 'session-live')
      .executeTakeFirstOrThrow();
    assert.equal(row.step_up_to, '/grave?a=1');
  });

  it('refuses a form without a step-up with 403 and a link', async () => {
    const response = await house.post('/grave', {}, { session: tokenOf('live') });
    assert.equal(response.status, 403);
    assert.match(await response.text(), /href="\/step-up"/);
    await open('/grave', { session: tokenOf('stepped') });
  });

  it('leads back to recovery codes that wait, from everywhere but their page and sign-out', async () => {
    const waiting = await openHouse(ROUTES);
    await addSession(waiting.db, 'fresh', { second_factor_at: NOW - 60 });
    await addSession(waiting.db, 'old', { second_factor_at: NOW - 601 });
    const set = { id: 's', user_id: 'user-1', created_at: NOW, sealed_copy: 'x', copy_expires_at: NOW + 1 };
    await waiting.db.transaction((tx) => tx.insertInto('recovery_code_sets').values(set).execute());
    const response = await waiting.get('/mine', { session: tokenOf('fresh') });
    assert.equal(response.headers.get('location'), '/enroll/recovery-codes');
    assert.equal((await waiting.get('/enroll/recovery-codes', { session: tokenOf('fresh') })).status, 200);
    assert.equal((await waiting.post('/sign-out', {}, { session: tokenOf('fresh') })).status, 403);
    assert.equal((await waiting.get('/mine', { session: tokenOf('old') })).status, 200);
  });

  it('notes the use of a session at most once a minute', async () => {
    const seenAt = async (name: string, lastSeenAt: number): Promise<number> => {
      await addSession(house.db, name, { last_seen_at: lastSeenAt });
      await open('/mine', { session: tokenOf(name) });
      await house.db.transaction(async () => undefined);
      const query = house.db.read.selectFrom('sessions').select('last_seen_at').where('id', '=', `session-${name}`);
      return (await query.executeTakeFirstOrThrow()).last_seen_at;
    };
    assert.equal(await seenAt('touch59', NOW - 59), NOW - 59);
    assert.equal(await seenAt('touch60', NOW - 60), NOW);
  });
});

describe('a form', () => {
  it('is taken with its cookie, its token and our origin', async () => {
    const { cookies, token } = await open('/note');
    const fields = { form_token: token, email: 'a@b.example', extra: 'x' };
    const response = await house.post('/note?code=1', fields, { ...cookies, device: tokenOf('device') });
    assert.equal(response.status, 303);
    assert.deepEqual(seen.at(-1), { input: { email: 'a@b.example' }, query: 'code=1', deviceToken: tokenOf('device') });
    assert.deepEqual(response.headers.getSetCookie(), [
      '__Host-sallyport-session=v; Path=/; Max-Age=9; HttpOnly; SameSite=Lax; Secure',
      '__Host-sallyport-pending=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure',
    ]);
  });

  it('reaches its handler without the fields that do not fit', async () => {
    const { cookies, token } = await open('/note');
    await house.post('/note', { form_token: token, email: 'x'.repeat(21) }, cookies);
    assert.deepEqual(seen.at(-1)?.input, {});
  });

  const origins: [string, Record<string, string>, boolean][] = [
    ['our origin', { origin: ORIGIN }, true],
    ['another origin', { origin: 'https://evil.example' }, false],
    [
      'another origin that claims to be same-origin',
      { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
      false,
    ],
    ['another port', { origin: `${ORIGIN}:8443` }, false],
    ['null and nothing else', { origin: 'null' }, false],
    ['null from a page of ours', { origin: 'null', 'sec-fetch-site': 'same-origin' }, true],
    ['null from a sibling', { origin: 'null', 'sec-fetch-site': 'same-site' }, false],
  ];
  for (const [what, headers, taken] of origins) {
    it(`is ${taken ? 'taken' : 'refused'} with ${what}`, async () => {
      const { cookies, token } = await open('/note');
      const response = await house.post('/note', { form_token: token }, cookies, headers);
      assert.equal(response.status, taken ? 303 : 403);
    });
  }

  it('needs same-origin fetch metadata when no Origin came', async () => {
    const { cookies, token } = await open('/note');
    const send = (more: Record<string, string>) =>
      house.ask('/note', {
        method: 'POST',
        body: new URLSearchParams({ form_token: token }),
        headers: { cookie: house.cookie(cookies), ...more },
      });
    assert.equal((await send({})).status, 403);
    assert.equal((await send({ 'sec-fetch-site': 'same-origin' })).status, 303);
  });

  it('is shown again with 403, the email kept, when its token does not fit', async () => {
    const { cookies, token } = await open('/note');
    const response = await house.post('/note', { form_token: `${token}x`, email: 'a@b.example', code: '1' }, cookies);
    assert.equal(response.status, 403);
    const body = await drawn(response);
    assert.equal(body.staleForm, true);
    assert.equal(body.keptEmail, 'a@b.example');
    assert.equal(body.formToken, token);
  });

  it('is refused with the token of another browser, none, or one in the address', async () => {
    const mine = await open('/note');
    const theirs = await open('/note');
    assert.equal((await house.post('/note', { form_token: theirs.token }, mine.cookies)).status, 403);
    assert.equal((await house.post('/note', {}, mine.cookies)).status, 403);
    assert.equal((await house.post(`/note?form_token=${mine.token}`, {}, mine.cookies)).status, 403);
    assert.equal((await house.post('/note', { form_token: mine.token })).status, 403);
  });

  it('is bound to its session and to its pending sign-in', async () => {
    const mine = await open('/mine', { session: tokenOf('live') });
    const other = { ...mine.cookies, session: tokenOf('other') };
    assert.equal((await house.post('/mine', { form_token: mine.token }, mine.cookies)).status, 303);
    assert.equal((await house.post('/mine', { form_token: mine.token }, other)).status, 403);
    const open1 = await open('/note');
    const signedIn = { ...open1.cookies, session: tokenOf('live') };
    assert.equal((await house.post('/mine', { form_token: open1.token }, signedIn)).status, 403);
    const pending = await open('/second', { pending: tokenOf('live') });
    assert.equal((await house.post('/second', { form_token: pending.token }, pending.cookies)).status, 303);
    assert.equal(
      (await house.post('/second', { form_token: mine.token }, { ...mine.cookies, ...{ pending: tokenOf('live') } }))
        .status,
      403,
    );
  });

  it('works from a signed-in page for anybody’s forms and for those of the session', async () => {
    const { cookies, token } = await open('/note', { session: tokenOf('live') });
    assert.equal((await house.post('/note', { form_token: token }, cookies)).status, 303);
    assert.equal((await house.post('/sign-out', { form_token: token }, cookies)).status, 303);
  });

  it('answers 403 with a page of its own where the form has none', async () => {
    const response = await house.post('/lonely', {});
    assert.equal(response.status, 403);
    assert.match(await response.text(), /out of date/);
  });

  it('is refused as JSON, compressed, doubled or too large', async () => {
    const { cookies, token } = await open('/note');
    const send = (body: string | Buffer, type: string, more: Record<string, string> = {}) =>
      house.ask('/note', {
        method: 'POST',
        body: new Uint8Array(Buffer.from(body)),
        headers: { origin: ORIGIN, cookie: house.cookie(cookies), 'content-type': type, ...more },
      });
    const form = 'application/x-www-form-urlencoded';
    assert.equal((await send(`form_token=${token}`, form)).status, 303);
    assert.equal((await send(`form_token=${token}`, 'application/json')).status, 415);
    assert.equal((await send(`form_token=${token}`, `${form}; charset=utf-16`)).status, 415);
    assert.equal((await send(`form_token=${token}`, form, { 'content-encoding': 'gzip' })).status, 415);
    assert.equal((await send(`form_token=${token}&email=a&email=b`, form)).status, 400);
    assert.equal((await send(`form_token=${token}&email=${'x'.repeat(65_536)}`, form)).status, 413);
    assert.equal((await send(Buffer.from([0xff, 0x3d]), form)).status, 400);
  });
});

describe('every page', () => {
  it('carries the headers of the rules and nothing about the server', async () => {
    const { headers } = await house.get('/note');
    assert.match(
      headers.get('content-security-policy') ?? '',
      /^default-src 'none'; .*form-action 'self'; frame-ancestors 'none'/,
    );
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('referrer-policy'), 'same-origin');
    assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin');
    assert.match(headers.get('strict-transport-security') ?? '', /^max-age=\d{8}/);
    assert.match(headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
    assert.equal(headers.get('server') ?? headers.get('x-powered-by'), null);
  });

  it('lets a form lead on to the portal', async () => {
    const portal = await openHouse(ROUTES, {
      environment: { SALLYPORT_PORTAL_URL: 'https://portal.example.com/start' },
    });
    const { headers } = await portal.get('/note');
    assert.match(headers.get('content-security-policy') ?? '', /form-action 'self' https:\/\/portal\.example\.com;/);
  });

  it('names its cookies by port on http localhost, without Secure', async () => {
    const local = await openHouse(ROUTES, { environment: { SALLYPORT_PUBLIC_URL: 'http://localhost:3001' } });
    const [cookie = ''] = (await local.get('/note')).headers.getSetCookie();
    assert.match(cookie, /^sallyport-3001-form=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    assert.equal((await local.get('/note')).headers.get('strict-transport-security'), null);
  });

  it('sets the form cookie once', async () => {
    const { cookies } = await open('/note');
    assert.deepEqual((await house.get('/note', cookies)).headers.getSetCookie(), []);
  });

  it('is refused when one of our cookies came twice', async () => {
    const twice = `${house.names.session}=a; x=1; ${house.names.session}=b`;
    assert.equal((await house.ask('/note', { headers: { cookie: twice } })).status, 400);
    assert.equal((await house.ask('/note', { headers: { cookie: 'x=1; x=2' } })).status, 200);
  });

  it('speaks the language of the cookie, else of the browser', async () => {
    const german = await house.get('/note', {}, { 'accept-language': 'de-CH, en;q=0.5' });
    assert.equal((await drawn(german)).locale, 'de');
    const english = await house.get('/note', { language: 'en' }, { 'accept-language': 'de' });
    assert.equal((await drawn(english)).locale, 'en');
  });

  it('answers HEAD like GET without a body, and other methods with 405', async () => {
    const head = await house.ask('/note', { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(await head.text(), '');
    const put = await house.ask('/note', { method: 'PUT', body: 'x' });
    assert.equal(put.status, 405);
    assert.equal(put.headers.get('allow'), 'GET, HEAD, POST');
    assert.equal((await house.ask('/lonely')).status, 405);
  });

  it('answers 404 for an unknown address', async () => {
    const response = await house.get('/nowhere');
    assert.equal(response.status, 404);
    assert.equal(response.headers.get('cache-control'), 'no-store');
    assert.match(await response.text(), /Page not found/);
  });

  it('shows nothing of a bug and logs it with the request id', async () => {
    const response = await house.get('/broken');
    assert.equal(response.status, 500);
    assert.doesNotMatch(await response.text(), /SELECT|shadow|Error:/);
    const id = response.headers.get('x-request-id') ?? 'none';
    assert.ok(house.lines.some((line) => line.includes('shadow') && line.includes(id)));
  });

  it('answers 503 with a time while the storage is away', async () => {
    const response = await house.get('/away');
    assert.equal(response.status, 503);
    assert.match(response.headers.get('retry-after') ?? '', /^\d+$/);
  });

  it('is logged by its pattern, never by a path with a token', async () => {
    assert.equal(await (await house.get('/invitation/hush-hush')).text(), 'hush-hush');
    await house.get('/unknown/hush-hush');
    assert.ok(house.lines.some((line) => line.includes('"route":"/invitation/:token"')));
    assert.ok(!house.lines.some((line) => line.includes('hush-hush')));
  });
});
