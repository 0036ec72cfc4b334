import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oidc from 'openid-client';
import { ORIGIN, PASSWORD } from '../../world.ts';
import { addPortal, begin, discover, follow, openPortalWorld, pathOf } from './openid-story.ts';

test('a person signs in with both factors, and the portal learns who it is and how it was proven', async (t) => {
  const world = await openPortalWorld(t);
  const partner = await world.addPartner({ slug: 'acme', name: 'Acme', policy: 'required' });
  const ana = await world.addUser({ email: 'ana@acme.example', name: 'Ana Silva', partnerId: partner.id });
  const secret = await world.addAuthenticator(ana.id);
  const config = await discover(world, await addPortal(world));
  const { url, checks } = await begin(config);
  const browser = world.person();
  const asked = await follow(browser, pathOf(url));
  assert.match(asked.path, /^\/sign-in\?/);
  const begun = await browser.post('/sign-in', { email: ana.email, password: PASSWORD });
  assert.match(String(begun.location), /^\/sign-in\/one-time-code\?resume=/);
  await browser.get(begun.location ?? '');
  const done = await browser.post('/sign-in/one-time-code', { code: world.totp(secret) });
  // Nobody has recovery codes here, and a notice says so.
  const notice = await follow(browser, done.location ?? '');
  const onwards = /href="(\/oidc\/continue\/[\w-]{43})"/.exec(notice.text)?.[1];
  const { left } = await follow(browser, String(onwards));
  assert.ok(left, 'the browser is led back to the portal');
  const tokens = await oidc.authorizationCodeGrant(config, left, checks);
  const claims = tokens.claims();
  assert.deepEqual(
    { ...claims, iat: 0, exp: 0, auth_time: 0, nonce: '', sid: '' },
    {
      ...{ iss: ORIGIN, locale: 'en', aud: config.clientMetadata().client_id, sub: ana.id },
      ...{ iat: 0, exp: 0, auth_time: 0, nonce: '', sid: '' },
      ...{ amr: ['pwd', 'otp', 'mfa'], acr: 'urn:sallyport:acr:mfa' },
      ...{ name: 'Ana Silva', email: ana.email, email_verified: false, role: 'member' },
      partner: { id: partner.id, slug: 'acme', name: 'Acme' },
    },
  );
  const info = await oidc.fetchUserInfo(config, tokens.access_token, ana.id);
  assert.equal(info.email, ana.email);
});

test('a form of another site that no address can hold is a page, and no fault of ours', async (t) => {
  const world = await openPortalWorld(t);
  const browser = world.person();
  for (const path of ['/oidc/authorize', '/oidc/sign-out']) {
    const sent = await browser.send(path, { method: 'POST', body: 'client_id=a\r\nset-cookie: b=c&state=\u0000' });
    assert.equal(sent.status, 303, path);
    assert.ok((await browser.get(sent.location ?? '')).status < 500, path);
  }
});
