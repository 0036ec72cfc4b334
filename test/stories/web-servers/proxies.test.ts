import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { listen } from '#http/server/listen.ts';
import { createSite } from '#store/forward-auth/sites.ts';
import { ANA } from '../../story.ts';
import { openWorld } from '../../world.ts';
import type { ProxyName } from './nginx-caddy.ts';
import { startProxy } from './proxies.ts';
import { freePort, startPortal } from './servers.ts';
import { openSocketBrowser, PAGE, SCRIPT, toldOf } from './socket-browser.ts';

const IDENTITY = ['user', 'email', 'name', 'partner', 'role', 'amr', 'acr', 'token'].map(
  (name) => `x-sallyport-${name}`,
);

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
  return { world, app, ana, signIn: `http://localhost:${ports.signIn}`, ...openSocketBrowser() };
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

  test(`CVE-2026-39858 (Traefik), GHSA-f59h-q822-g45g (Caddy), CVE-2025-64484 (oauth2-proxy): behind ${name} what a browser sends under our names never reaches the portal`, async (t) => {
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

  test(`CVE-2026-40575 (oauth2-proxy), CVE-2026-35051, CVE-2026-54764 (Traefik): behind ${name} the host, the path and the address are those of the proxy`, async (t) => {
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
