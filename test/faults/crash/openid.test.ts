import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import * as oidc from 'openid-client';
import { begin, CALLBACK, discover, follow, pathOf, signInFrom } from '../../stories/openid/openid-story.ts';
import { openService } from './server.ts';

/** The server dies after this many milliseconds: before, during and after the transaction of a redemption. */
const MOMENTS = [6, 14, 24];

test('a redemption that a crash cuts off is whole or has not happened, and a client that tries again goes on', async (t) => {
  const service = await openService(t);
  await service.start();
  await service.command(['partner', 'add', 'Acme Telecom', '--slug', 'acme', '--mfa', 'off']);
  const email = await service.addUser('ana@acme.example');
  const made = JSON.parse(await service.command(['client', 'add', 'Portal', '--redirect-uri', CALLBACK, '--json']));
  const portal = { client: { id: made.id }, secret: made.secret };
  const config = await discover(service, portal);
  const browser = service.person('192.0.2.1');
  const offline = { scope: 'openid offline_access' };
  let { refresh_token: refresh = '' } = await signInFrom(undefined, config, { browser, email }, offline);
  // The first request loads the library, and the kill must not hit that.
  const warm = () => discover(service, portal);
  const cut = { refreshed: 0, redeemed: 0 };
  for (const moment of MOMENTS) {
    await warm();
    // A refresh: whatever its outcome, the client's token still works.
    const refreshing = oidc.refreshTokenGrant(config, refresh).catch(() => undefined);
    await wait(moment);
    await service.kill();
    const heard = await refreshing;
    if (heard === undefined) cut.refreshed += 1;
    await service.start();
    const next = await oidc.refreshTokenGrant(config, heard?.refresh_token ?? refresh);
    assert.ok(next.refresh_token, `cut after ${moment} ms`);
    if (heard) await assertActive(config, heard.access_token);
    refresh = next.refresh_token;

    // A code: at most one redemption succeeds, and its answer is valid.
    const { url, checks } = await begin(config, offline);
    const { left } = await follow(browser, pathOf(url));
    assert.ok(left);
    await warm();
    const redeeming = oidc.authorizationCodeGrant(config, left, checks).catch(() => undefined);
    await wait(moment);
    await service.kill();
    const tokens = await redeeming;
    if (tokens === undefined) cut.redeemed += 1;
    await service.start();
    if (tokens) await assertActive(config, tokens.access_token);
    else await oidc.authorizationCodeGrant(config, left, checks).catch(assertInvalidGrant);
    if (tokens) await assert.rejects(oidc.authorizationCodeGrant(config, left, checks), { error: 'invalid_grant' });
  }
  t.diagnostic(`${MOMENTS.length} rounds: ${cut.refreshed} refreshes and ${cut.redeemed} redemptions were cut off`);
});

async function assertActive(config: oidc.Configuration, token: string): Promise<void> {
  assert.equal((await oidc.tokenIntrospection(config, token)).active, true);
}

function assertInvalidGrant(error: unknown): void {
  assert.equal(Object(error).error, 'invalid_grant');
}
