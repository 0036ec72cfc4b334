import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ANA } from '../../../story.ts';
import { PASSWORD } from '../../../world.ts';
import { CALLBACK, follow, submit } from '../openid-story.ts';
import { errorOf, openPlan } from './plan.ts';

const REFUSED = 'https://portal.example/other';

describe('oidcc-basic-certification-test-plan', () => {
  test('oidcc-display-page', async (t) => {
    const { run } = await openPlan(t);
    await run({ display: 'page' });
  });

  test('oidcc-display-popup', async (t) => {
    const { run } = await openPlan(t);
    await run({ display: 'popup' });
  });

  test('oidcc-prompt-login', async (t) => {
    const { world, run, ask, redeem, browser } = await openPlan(t);
    const first = await run();
    world.clock.at += 1;
    const again = await ask({ prompt: 'login' });
    assert.match(again.place.path, /^\/sign-in\?/);
    const { left } = await submit(browser, '/sign-in', { email: ANA, password: PASSWORD });
    const { claims } = await redeem(again, left);
    assert.equal(claims?.sub, first.claims?.sub);
    assert.ok(Number(claims?.auth_time) > Number(first.claims?.auth_time));
  });

  test('oidcc-prompt-none-not-logged-in', async (t) => {
    const { world, ask } = await openPlan(t);
    assert.equal(errorOf(await ask({ prompt: 'none' }, world.person())), 'login_required');
  });

  test('oidcc-prompt-none-logged-in', async (t) => {
    const { run } = await openPlan(t);
    const [first, again] = [await run(), await run({ prompt: 'none' })];
    assert.deepEqual(
      [again.claims?.sub, again.claims?.auth_time],
      [first.claims?.sub, first.claims?.auth_time],
      'the same person by the same proof',
    );
  });

  test('oidcc-max-age-1', async (t) => {
    const { world, run, ask, redeem, browser } = await openPlan(t);
    const first = await run();
    world.clock.at += 2;
    const again = await ask({ max_age: '1' });
    assert.match(again.place.path, /^\/sign-in\?/);
    const { left } = await submit(browser, '/sign-in', { email: ANA, password: PASSWORD });
    const { claims } = await redeem(again, left);
    assert.equal(claims?.auth_time, world.clock.at);
    assert.notEqual(claims?.auth_time, first.claims?.auth_time);
  });

  test('oidcc-max-age-10000', async (t) => {
    const { world, run } = await openPlan(t);
    const first = await run();
    world.clock.at += 2;
    const again = await run({ max_age: '10000' });
    assert.equal(typeof again.claims?.auth_time, 'number');
    assert.equal(again.claims?.auth_time, first.claims?.auth_time);
  });

  test('oidcc-ensure-request-with-unknown-parameter-succeeds', async (t) => {
    const { run } = await openPlan(t);
    await run({ extra: 'foobar' });
  });

  test('oidcc-id-token-hint', async (t) => {
    const { run } = await openPlan(t);
    const first = await run();
    const again = await run({ prompt: 'none', id_token_hint: String(first.tokens.id_token) });
    assert.equal(again.claims?.sub, first.claims?.sub);
  });

  test('oidcc-login-hint', async (t) => {
    const { world, ask } = await openPlan(t);
    const { place } = await ask({ login_hint: 'buffy@acme.example' }, world.person());
    assert.match(place.text, /value="buffy@acme\.example"/);
  });

  test('oidcc-ui-locales', async (t) => {
    const { run } = await openPlan(t);
    await run({ ui_locales: 'se' });
  });

  test('oidcc-claims-locales', async (t) => {
    const { run } = await openPlan(t);
    await run({ claims_locales: 'se' });
  });

  test('oidcc-ensure-request-with-acr-values-succeeds', async (t) => {
    const { run, server } = await openPlan(t);
    const supported = Object(server).acr_values_supported;
    const { claims } = await run({ acr_values: supported.join(' ') });
    assert.ok(supported.includes(claims?.acr), 'the level is told, and is one of those that were asked for');
  });

  test('oidcc-ensure-registered-redirect-uri', async (t) => {
    const { ask } = await openPlan(t);
    const { place } = await ask({ redirect_uri: REFUSED });
    assert.deepEqual([place.status, place.left], [400, undefined]);
    assert.match(place.text, /<title>This sign-in can’t start –/);
  });

  test('oidcc-ensure-post-request-succeeds', async (t) => {
    const { request, redeem, server, browser } = await openPlan(t);
    const asked = await request();
    const { location } = await browser.send(new URL(String(server.authorization_endpoint)).pathname, {
      method: 'POST',
      body: new URLSearchParams(asked.params),
      headers: { origin: new URL(CALLBACK).origin },
    });
    const place = await follow(browser, String(location));
    await redeem({ ...asked, place });
  });

  test('oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported', async (t) => {
    const { ask } = await openPlan(t);
    const asked = await ask({ request_uri: 'https://portal.example/request.jwt' });
    assert.equal(errorOf(asked), 'request_uri_not_supported');
    assert.equal(asked.place.left?.searchParams.get('state'), asked.params.state);
  });

  test('oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported', async (t) => {
    const { ask, server } = await openPlan(t);
    assert.notEqual(server.request_parameter_supported, true);
    const asked = await ask({ request: unsigned({ scope: 'openid' }) });
    assert.equal(errorOf(asked), 'request_not_supported');
    assert.equal(asked.place.left?.searchParams.get('state'), asked.params.state);
  });

  test('oidcc-ensure-request-object-with-redirect-uri', async (t) => {
    const { ask } = await openPlan(t);
    const inside = await ask({ request: unsigned({ redirect_uri: REFUSED }) });
    assert.equal(errorOf(inside), 'request_not_supported', 'what is inside is not looked at');
    assert.equal(inside.place.left?.href.startsWith(`${CALLBACK}?`), true);
    const beside = await ask({ redirect_uri: REFUSED, request: unsigned({ redirect_uri: CALLBACK }) });
    assert.deepEqual([beside.place.status, beside.place.left], [400, undefined]);
  });

  test('oidcc-ensure-request-with-valid-pkce-succeeds', async (t) => {
    const { run } = await openPlan(t);
    await run({ code_challenge_method: 'S256' });
  });

  // Every other module of the plan sends none, which OpenID Connect Core allows and we do not: conformance/README.md.
  test('a request without PKCE, which most modules of the plan send, is refused on purpose', async (t) => {
    const { ask } = await openPlan(t);
    assert.equal(errorOf(await ask({ code_challenge: '', code_challenge_method: '' })), 'invalid_request');
    assert.equal(errorOf(await ask({ code_challenge_method: 'plain' })), 'invalid_request');
  });

  test('what belongs to the implicit and hybrid plans is refused on purpose', async (t) => {
    const { ask } = await openPlan(t);
    for (const response_type of ['id_token', 'id_token token', 'code id_token', 'code token', 'code id_token token']) {
      const { place } = await ask({ response_type });
      const told = new URLSearchParams(place.left?.search || place.left?.hash.slice(1));
      assert.equal(told.get('error'), 'unsupported_response_type', response_type);
      assert.deepEqual(
        ['code', 'id_token', 'access_token'].filter((name) => told.has(name)),
        [],
      );
    }
  });
});

/** A request object with the algorithm `none` (OpenID Connect Core §6.1). */
function unsigned(claims: object): string {
  const [head, body] = [{ alg: 'none' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  return `${head}.${body}.`;
}
