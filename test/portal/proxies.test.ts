import assert from 'node:assert/strict';
import { request as send } from 'node:http';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { listen } from '#http/server/listen.ts';
import { createSite } from '#store/forward-auth/sites.ts';
import { ANA } from '../http/story.ts';
import { openWorld, PASSWORD } from '../world.ts';
import { freePort, type ProxyName, startPortal, startProxy } from './proxies.ts';

const IDENTITY = ['user', 'email', 'name', 'partner', 'role', 'amr', 'acr', 'token'].map(
  (name) => `x-sallyport-${name}`,
);
const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate' };
const SCRIPT = { accept: '*/*', 'sec-fetch-mode': 'cors' };

type Got = {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
};
type Sent = {
  readonly method?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string;
};

async function openBehind(t: TestContext, name: ProxyName) {
  const portal = await startPortal(t);
  const ports = { app: await freePort(), signIn: await freePort(), sallyport: await freePort(), portal: portal.port };
  const app = `http://localhost:${ports.app}`;
  const world = await openWorld(t, {
    environment: {
      SALLYPORT_PUBLIC_URL: `http://localhost:${ports.signIn}`,
      SALLYPORT_TRUSTED_PROXIES: '1',
      PORT: String(ports.sallyport),
    },
  });
  const listening = await listen(world.env, world.app);
  t.after(() => listening.close());
  await startProxy(t, name, ports);
  const { id: partnerId } = await world.addPartner({ policy: 'off' });
  const ana = await world.addUser({ email: ANA, partnerId });
  const site = { host: `localhost:${ports.app}`, acr: undefined, partnerIds: [] };
  await world.env.db.transaction((tx) => createSite(tx, site, 0));
  return { world, app, ana, signIn: `http://localhost:${ports.signIn}`, ...browser() };
}

/** One jar for every port of this machine, as a browser has it; headers go out in the spelling that they are given. */
function browser() {
  const jar = new Map<string, string>();

  const ask = (url: string, sent?: Sent): Promise<Got> => askWith(jar, url, sent);

  async function follow(start: string): Promise<Got & { readonly url: string }> {
    let url = start;
    for (let hop = 0; hop < 12; hop++) {
      const got = await ask(url);
      const next = got.headers.location ?? /http-equiv="refresh" content="0; url=([^"]+)"/.exec(got.text)?.[1];
      if (next === undefined) return { ...got, url };
      url = new URL(String(next).replaceAll('&amp;', '&'), url).href;
    }
    throw new Error(`redirected for ever from ${start}`);
  }

  async function submitPassword(page: { readonly url: string; readonly text: string }): Promise<string> {
    const token = /name="form_token" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    const resume = /name="resume" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    const body = new URLSearchParams({ form_token: token, resume, email: ANA, password: PASSWORD }).toString();
    const { origin } = new URL(page.url);
    const type = ['content-type', 'application/x-www-form-urlencoded'] as const;
    const got = await ask(`${origin}/sign-in`, {
      method: 'POST',
      body,
      headers: [...Object.entries(PAGE), type, ['origin', origin]],
    });
    assert.equal(got.status, 303, got.text);
    return new URL(String(got.headers.location), origin).href;
  }

  return { jar, ask, follow, submitPassword };
}

type Jar = Map<string, string>;

function askWith(
  jar: Jar,
  url: string,
  { method = 'GET', headers = Object.entries(PAGE), body = '' }: Sent = {},
): Promise<Got> {
  const { port, pathname, search, host } = new URL(url);
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const all = [['host', host], ...headers, ...(cookie === '' ? [] : [['cookie', cookie]])];
  if (body !== '') all.push(['content-length', String(Buffer.byteLength(body))]);
  const { promise, resolve, reject } = Promise.withResolvers<Got>();
  const asked = send(
    { host: '127.0.0.1', port, method, path: pathname + search, headers: all.flat(), agent: false },
    (answer) => {
      keepCookies(jar, answer.headers['set-cookie']);
      text(answer).then(
        (got) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: got }),
        reject,
      );
    },
  );
  asked.on('error', reject);
  asked.end(body);
  return promise;
}

function keepCookies(jar: Jar, lines: readonly string[] = []): void {
  for (const line of lines) {
    const [, key = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (value === '') jar.delete(key);
    else jar.set(key, value);
  }
}

/** The headers that the portal got, by the names in lower case: each with every value that came under it. */
function toldOf(got: Got): ReadonlyMap<string, readonly string[]> {
  const { rawHeaders } = JSON.parse(got.text);
  const told = new Map<string, string[]>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = String(rawHeaders[i]).toLowerCase();
    told.set(name, [...(told.get(name) ?? []), rawHeaders[i + 1]]);
  }
  return told;
}

for (const name of ['nginx', 'caddy'] as const) {
  test(`behind ${name} a person signs in, the portal knows who it is, and sign-out closes it`, async (t) => {
    const { app, ana, signIn, ask, follow, submitPassword } = await openBehind(t, name);
    const page = await follow(`${app}/reports?month=3`);
    assert.equal(new URL(page.url).origin, signIn);
    const landed = await follow(await submitPassword(page));
    assert.equal(landed.url, `${app}/reports?month=3`);
    const told = toldOf(landed);
    assert.deepEqual([told.get('x-sallyport-user'), told.get('x-sallyport-email')], [[ana.id], [ANA]]);
    assert.deepEqual(told.get('x-sallyport-name'), ['Ana%20Silva']);
    assert.match(told.get('x-sallyport-token')?.[0] ?? '', /^[\w-]+\.[\w-]+\.[\w-]+$/);

    const posted = await ask(`${app}/save`, { method: 'POST', body: 'a=1', headers: Object.entries(PAGE) });
    assert.equal(JSON.parse(posted.text).method, 'POST', 'a signed-in person sends forms to the portal');

    const shown = await ask(`${app}/.sallyport/sign-out`);
    assert.match(shown.text, /<form method="post"/);
    assert.equal((await ask(`${app}/.sallyport/sign-out`, { method: 'POST', headers: [['origin', app]] })).status, 303);
    assert.equal((await ask(`${app}/api`, { headers: Object.entries(SCRIPT) })).status, 401);
  });

  test(`behind ${name} nobody gets past, and a script gets 401 and no redirect`, async (t) => {
    const { app, signIn, ask } = await openBehind(t, name);
    const script = await ask(`${app}/api/list`, { headers: Object.entries(SCRIPT) });
    assert.deepEqual(
      [script.status, script.headers.location, script.headers['set-cookie']],
      [401, undefined, undefined],
    );
    const shown = await ask(`${app}/`);
    assert.equal(shown.status, 302);
    assert(String(shown.headers.location).startsWith(`${signIn}/forward-auth/begin?visit=`));
    assert.equal(shown.headers['set-cookie']?.length, 1);
    const posted = await ask(`${app}/delete`, { method: 'POST', body: 'id=7', headers: Object.entries(PAGE) });
    assert([302, 303].includes(posted.status));
    for (const path of [
      '/../',
      '/%2e%2e/healthz',
      '//healthz',
      '/.sallyport/../private',
      '/.SALLYPORT/return',
      '/.sallyport%2f..%2fprivate',
    ]) {
      const got = await ask(app + path, { headers: Object.entries(SCRIPT) });
      assert(got.status >= 400, `${path} ${got.status}`);
      assert(!got.text.includes('rawHeaders'), path);
    }
  });

  test(`behind ${name} what a browser sends under our names never reaches the portal`, async (t) => {
    const { app, ana, ask, follow, submitPassword } = await openBehind(t, name);
    await follow(await submitPassword(await follow(`${app}/`)));
    const forged = IDENTITY.flatMap((header) => [
      [header, 'forged'] as const,
      [header.toUpperCase(), 'forged'] as const,
      [header.replaceAll('-', '_'), 'forged'] as const,
      [header.replaceAll('-', '_').replace('x_s', 'X_S'), 'forged'] as const,
      [header.replaceAll('-', '.'), 'forged'] as const,
      [header.replace('-', '_'), 'forged'] as const,
      [header.replace('t-', 't_'), 'forged'] as const,
      [header.replace('t-', 't.'), 'forged'] as const,
      [header.replace('-', '.'), 'forged'] as const,
    ]);
    const got = await ask(`${app}/`, { headers: [...Object.entries(PAGE), ...forged] });
    assert.equal(got.status, 200);
    const told = toldOf(got);
    assert.deepEqual(told.get('x-sallyport-user'), [ana.id]);
    const all = [...told].filter(([, values]) => values.includes('forged'));
    assert.deepEqual(all, [], 'in whatever spelling');
  });

  test(`behind ${name} the host, the path and the address are those of the proxy`, async (t) => {
    const { app, signIn, ask } = await openBehind(t, name);
    const forged = [
      ['x-forwarded-host', 'evil.example'],
      ['x-forwarded-proto', 'https'],
      ['x-forwarded-uri', '//evil.example/'],
      ['x-forwarded-method', 'GET'],
      ['x-forwarded-prefix', '/evil'],
      ['x-forwarded-port', '666'],
    ] as const;
    const got = await ask(`${app}/here`, { headers: [...Object.entries(PAGE), ...forged] });
    assert.equal(got.status, 302);
    assert(String(got.headers.location).startsWith(`${signIn}/`));
    assert(!decodeURIComponent(String(got.headers.location)).includes('evil'));
  });
}
