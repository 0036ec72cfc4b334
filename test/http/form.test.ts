import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { ORIGIN, tokenOf } from './server.ts';
import { drawn, openPages, seen } from './test-pages.ts';

let server: Awaited<ReturnType<typeof openPages>>;
before(async () => {
  server = await openPages();
});

describe('a form', () => {
  it('is taken with its cookie, its token and our origin', async () => {
    const { cookies, token } = await server.open('/note');
    const fields = { form_token: token, email: 'a@b.example', extra: 'x' };
    const response = await server.post('/note?code=1', fields, { ...cookies, device: tokenOf('device') });
    assert.equal(response.status, 303);
    assert.deepEqual(seen.at(-1), { input: { email: 'a@b.example' }, query: 'code=1', deviceToken: tokenOf('device') });
    assert.deepEqual(response.headers.getSetCookie(), [
      '__Host-sallyport-session=v; Path=/; Max-Age=9; HttpOnly; SameSite=Lax; Secure',
      '__Host-sallyport-pending=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure',
    ]);
  });

  it('is refused when a field does not fit: no act is done with the others alone', async () => {
    const { cookies, token } = await server.open('/note');
    const before = seen.length;
    const response = await server.post('/note', { form_token: token, email: 'x'.repeat(21) }, cookies);
    assert.equal(response.status, 400);
    assert.equal(seen.length, before);
  });

  it('is refused with more fields than any form of ours has', async () => {
    const { cookies, token } = await server.open('/note');
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, number) => [`field-${number}`, '']));
    assert.equal((await server.post('/note', { form_token: token, ...many }, cookies)).status, 400);
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
      const { cookies, token } = await server.open('/note');
      const response = await server.post('/note', { form_token: token }, cookies, headers);
      assert.equal(response.status, taken ? 303 : 403);
    });
  }

  it('needs same-origin fetch metadata when no Origin came', async () => {
    const { cookies, token } = await server.open('/note');
    const send = (more: Record<string, string>) =>
      server.ask('/note', {
        method: 'POST',
        body: new URLSearchParams({ form_token: token }),
        headers: { cookie: server.cookie(cookies), ...more },
      });
    assert.equal((await send({})).status, 403);
    assert.equal((await send({ 'sec-fetch-site': 'same-origin' })).status, 303);
  });

  it('is shown again with 403, the email kept, when its token does not fit', async () => {
    const { cookies, token } = await server.open('/note');
    const response = await server.post('/note', { form_token: `${token}x`, email: 'a@b.example', code: '1' }, cookies);
    assert.equal(response.status, 403);
    const body = await drawn(response);
    assert.equal(body.staleForm, true);
    assert.equal(body.restoredEmail, 'a@b.example');
    const parts = (text: string) => text.split('.').slice(0, 2);
    assert.deepEqual(parts(body.formToken), parts(token));
    assert.notEqual(body.formToken, token, 'another drawing of the page');
  });

  it('is refused with the token of another browser, none, or one in the address', async () => {
    const mine = await server.open('/note');
    const theirs = await server.open('/note');
    assert.equal((await server.post('/note', { form_token: theirs.token }, mine.cookies)).status, 403);
    assert.equal((await server.post('/note', {}, mine.cookies)).status, 403);
    assert.equal((await server.post(`/note?form_token=${mine.token}`, {}, mine.cookies)).status, 403);
    assert.equal((await server.post('/note', { form_token: mine.token })).status, 403);
  });

  it('is bound to its session and to its pending sign-in', async () => {
    const mine = await server.open('/mine', { session: tokenOf('live') });
    const other = { ...mine.cookies, session: tokenOf('other') };
    assert.equal((await server.post('/mine', { form_token: mine.token }, mine.cookies)).status, 303);
    assert.equal((await server.post('/mine', { form_token: mine.token }, other)).status, 403);
    const open1 = await server.open('/note');
    const signedIn = { ...open1.cookies, session: tokenOf('live') };
    assert.equal((await server.post('/mine', { form_token: open1.token }, signedIn)).status, 403);
    const pending = await server.open('/second', { pending: tokenOf('live') });
    assert.equal((await server.post('/second', { form_token: pending.token }, pending.cookies)).status, 303);
    assert.equal(
      (await server.post('/second', { form_token: mine.token }, { ...mine.cookies, ...{ pending: tokenOf('live') } }))
        .status,
      403,
    );
  });

  it('works from a signed-in page for anybody’s forms and for those of the session', async () => {
    const { cookies, token } = await server.open('/note', { session: tokenOf('live') });
    assert.equal((await server.post('/note', { form_token: token }, cookies)).status, 303);
    assert.equal((await server.post('/sign-out', { form_token: token }, cookies)).status, 303);
  });

  it('answers 403 with a page of its own where the form has none', async () => {
    const response = await server.post('/lonely', {});
    assert.equal(response.status, 403);
    assert.match(await response.text(), /out of date/);
  });

  it('is refused as JSON, compressed, doubled or too large', async () => {
    const { cookies, token } = await server.open('/note');
    const send = (body: string | Buffer, type: string, more: Record<string, string> = {}) =>
      server.ask('/note', {
        method: 'POST',
        body: new Uint8Array(Buffer.from(body)),
        headers: { origin: ORIGIN, cookie: server.cookie(cookies), 'content-type': type, ...more },
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
