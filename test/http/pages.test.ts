import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { openServer } from './server.ts';
import { drawn, openPages, PAGES } from './test-pages.ts';

let server: Awaited<ReturnType<typeof openPages>>;
before(async () => {
  server = await openPages();
});

describe('every page', () => {
  it('carries the headers of the rules and nothing about the server', async () => {
    const { headers } = await server.get('/note');
    assert.equal(
      headers.get('content-security-policy'),
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    );
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('referrer-policy'), 'same-origin');
    assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin');
    assert.match(headers.get('strict-transport-security') ?? '', /^max-age=\d{8}/);
    assert.match(headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
    assert.equal(headers.get('server') ?? headers.get('x-powered-by'), null);
  });

  it('lets no form lead to the portal, which a page of ours does', async () => {
    const portal = await openServer(PAGES, {
      environment: { SALLYPORT_PORTAL_URL: 'https://portal.example.com/start' },
    });
    const { headers } = await portal.get('/note');
    assert.match(headers.get('content-security-policy') ?? '', /form-action 'self';/);
  });

  it('names its cookies by port on http localhost, without Secure', async () => {
    const local = await openServer(PAGES, { environment: { SALLYPORT_PUBLIC_URL: 'http://localhost:3001' } });
    const [cookie = ''] = (await local.get('/note')).headers.getSetCookie();
    assert.match(cookie, /^sallyport-3001-form=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    assert.equal((await local.get('/note')).headers.get('strict-transport-security'), null);
  });

  it('sets the form cookie once', async () => {
    const { cookies } = await server.open('/note');
    assert.deepEqual((await server.get('/note', cookies)).headers.getSetCookie(), []);
  });

  it('is refused when one of our cookies came twice', async () => {
    const twice = `${server.names.session}=a; x=1; ${server.names.session}=b`;
    assert.equal((await server.ask('/note', { headers: { cookie: twice } })).status, 400);
    assert.equal((await server.ask('/note', { headers: { cookie: 'x=1; x=2' } })).status, 200);
  });

  it('speaks the language of the cookie, else of the browser', async () => {
    const german = await server.get('/note', {}, { 'accept-language': 'de-CH, en;q=0.5' });
    assert.equal((await drawn(german)).locale, 'de');
    const english = await server.get('/note', { language: 'en' }, { 'accept-language': 'de' });
    assert.equal((await drawn(english)).locale, 'en');
  });

  it('answers HEAD like GET without a body, and other methods with 405', async () => {
    const head = await server.ask('/note', { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(await head.text(), '');
    const put = await server.ask('/note', { method: 'PUT', body: 'x' });
    assert.equal(put.status, 405);
    assert.equal(put.headers.get('allow'), 'GET, HEAD, POST');
    assert.equal((await server.ask('/lonely')).status, 405);
  });

  it('is led to by its address with slashes behind it, and only a page', async () => {
    for (const [path, location] of [
      ['/note/', '/note'],
      ['/note///?a=b%00&c', '/note?a=b%00&c'],
      ['/help//', undefined],
      ['//note/', undefined],
      ['//evil.example/note/', undefined],
      [`/${'/'.repeat(5_000)}x/`, undefined],
      ['/api/v1/session/', undefined],
    ] as const) {
      const { status, headers } = await server.get(path);
      assert.deepEqual([status, headers.get('location')], location === undefined ? [404, null] : [308, location], path);
    }
    assert.equal((await server.post('/note/', {})).status, 404);
  });

  it('tells browsers to use https for hosts below ours only where the setting says so', async () => {
    const header = async (environment: Record<string, string>) =>
      (await (await openServer(PAGES, { environment })).get('/note')).headers.get('strict-transport-security');
    assert.equal(await header({}), 'max-age=63072000; includeSubDomains');
    assert.equal(await header({ SALLYPORT_HSTS_SUBDOMAINS: 'off' }), 'max-age=63072000');
  });

  it('answers 404 for an unknown address', async () => {
    const response = await server.get('/nowhere');
    assert.equal(response.status, 404);
    assert.equal(response.headers.get('cache-control'), 'no-store');
    assert.match(await response.text(), /Page not found/);
  });

  it('shows nothing of a bug and logs it with the request id', async () => {
    const response = await server.get('/broken');
    assert.equal(response.status, 500);
    assert.doesNotMatch(await response.text(), /SELECT|shadow|Error:/);
    const id = response.headers.get('x-request-id') ?? 'none';
    assert.ok(server.lines.some((line) => line.includes('shadow') && line.includes(id)));
  });

  it('answers 503 with a time while the storage is away', async () => {
    const response = await server.get('/away');
    assert.equal(response.status, 503);
    assert.match(response.headers.get('retry-after') ?? '', /^\d+$/);
  });

  it('is logged by its pattern, never by a path with a token', async () => {
    assert.equal(await (await server.get('/invitation/hush-hush')).text(), 'hush-hush');
    await server.get('/unknown/hush-hush');
    assert.ok(server.lines.some((line) => line.includes('"route":"/invitation/:token"')));
    assert.ok(!server.lines.some((line) => line.includes('hush-hush')));
  });
});
