import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as oidc from 'openid-client';
import type { MfaPolicy } from '#core/people/policy.ts';
import { ANA } from '../../story.ts';
import { PASSWORD, type Person, type World } from '../../world.ts';
import { addPortal, discover, follow, open, openStory, redeem, signedIn, submit, tokensFor } from './openid-story.ts';

const BEN = 'ben@acme.example';
const OFFLINE = { scope: 'openid offline_access' };
const LOGIN = { prompt: 'login' };

/** Ana is signed in to two portals, one of them with a refresh token. The first asks her to sign in again. */
async function askedAgain(t: Parameters<typeof openStory>[0], policy: MfaPolicy) {
  const hasAuthenticator = policy === 'required';
  const story = await openStory(t, { policy, hasAuthenticator });
  const { world, config, secret, ana, partner } = story;
  await world.addUser({ email: BEN, partnerId: partner.id });
  const other = await discover(world, await addPortal(world, { name: 'Other portal' }));
  const browser = await signedIn(world, { secret });
  const tokens = await tokensFor(other, browser, OFFLINE);
  world.clock.at += 30;
  const { attempt } = await open(config, browser, LOGIN);
  const holdsOther = async () => {
    const { sub } = await oidc.fetchUserInfo(other, tokens.access_token, ana.id);
    return sub === ana.id;
  };
  return { ...story, other, browser, tokens, attempt, holdsOther };
}

function finish(world: World, browser: Person, secret: string) {
  return secret === '' ? undefined : submit(browser, '/sign-in/one-time-code', { code: world.totp(secret) });
}

describe('signing in again for one portal', () => {
  for (const policy of ['off', 'required'] as const) {
    test(`keeps the person signed in to another, where MFA is ${policy}`, async (t) => {
      const { world, config, secret, browser, attempt, other, tokens, holdsOther } = await askedAgain(t, policy);
      const first = await submit(browser, '/sign-in', { email: ANA, password: PASSWORD });
      const done = (await finish(world, browser, secret)) ?? first;
      const onwards = /href="(\/oidc\/continue\/[\w-]{43})"/.exec(done.text)?.[1];
      const { left } = done.left ? done : await follow(browser, String(onwards));
      assert.equal((await redeem(config, attempt, left)).claims()?.auth_time, world.clock.at);
      assert.ok(await holdsOther());
      const refreshed = await oidc.refreshTokenGrant(other, String(tokens.refresh_token));
      assert.equal(refreshed.claims()?.sid, tokens.claims()?.sid, 'as the portal knows the session');
      const { count } = await world.env.db.read
        .selectFrom('sessions')
        .select((row) => row.fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      assert.equal(Number(count), 1, 'the session before is gone');
      await browser.post('/sign-out');
      await assert.rejects(oidc.refreshTokenGrant(other, String(refreshed.refresh_token)));
    });
  }

  test('changes nothing when the person stops half way', async (t) => {
    const { browser, holdsOther } = await askedAgain(t, 'required');
    const asked = await submit(browser, '/sign-in', { email: ANA, password: PASSWORD });
    assert.match(asked.path, /^\/sign-in\/one-time-code/);
    assert.ok(await holdsOther());
    assert.equal((await browser.get('/security')).status, 200);
  });

  test('as another person ends what the first one held', async (t) => {
    const { browser, holdsOther } = await askedAgain(t, 'off');
    await submit(browser, '/sign-in', { email: BEN, password: PASSWORD });
    await assert.rejects(holdsOther());
  });
});
