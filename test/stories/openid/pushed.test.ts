import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oidc from 'openid-client';
import { ANA } from '../../story.ts';
import { PASSWORD } from '../../world.ts';
import {
  addPortal,
  begin,
  CALLBACK,
  errorIn,
  follow,
  openStory,
  pathOf,
  redeem,
  signedIn,
  submit,
} from './openid-story.ts';

test('a pushed request says all that a request can say, and is good once', async (t) => {
  const { world, config } = await openStory(t);
  const browser = await signedIn(world);
  const push = async (params: Record<string, string>) => {
    const attempt = await begin(config, params);
    const url = await oidc.buildAuthorizationUrlWithPAR(config, attempt.url.searchParams);
    return { ...attempt, path: pathOf(url) };
  };
  const plain = await push({ scope: 'openid offline_access' });
  const came = await follow(browser, plain.path);
  assert.ok((await redeem(config, plain, came.left)).refresh_token);
  const again = await follow(browser, plain.path);
  assert.ok(again.left === undefined ? again.status === 400 : errorIn(again), 'used once');
  const asked = await push({ prompt: 'login', acr_values: 'urn:sallyport:acr:pwd' });
  assert.match((await follow(browser, asked.path)).path, /^\/sign-in\?again=&resume=/);
  await redeem(config, asked, (await submit(browser, '/sign-in', { email: ANA, password: PASSWORD })).left);
  world.clock.at += 60;
  assert.equal(errorIn(await follow(browser, (await push({ prompt: 'none', max_age: '5' })).path)), 'login_required');
  const late = await push({});
  world.clock.at += 61;
  assert.equal((await follow(browser, late.path)).left?.searchParams.has('code') ?? false, false, 'too late');
});

test('a pushed request is of its client alone', async (t) => {
  const { world, config } = await openStory(t);
  const browser = await signedIn(world);
  const { url } = await begin(config);
  const pushed = await oidc.buildAuthorizationUrlWithPAR(config, url.searchParams);
  const other = await addPortal(world);
  pushed.searchParams.set('client_id', other.client.id);
  const { left, status } = await follow(browser, pathOf(pushed));
  assert.equal(left?.searchParams.has('code') ?? false, false);
  assert.ok(left !== undefined || status === 400);
});

test('`form_post` is a page of ours with a button, and may be sent to the client alone', async (t) => {
  const { world, config } = await openStory(t);
  const browser = await signedIn(world);
  const { url, checks } = await begin(config, { response_mode: 'form_post', state: '"><script>&amp;\'' });
  const page = await browser.get(pathOf(url));
  assert.equal(page.status, 200);
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, /form-action 'self' https:\/\/portal\.example(;|$)/);
  assert.doesNotMatch(page.text, /<script>|onload|<script[^>]*>[^<]/);
  const form = /<form method="post" action="([^"]+)"[^>]*>([\s\S]*?)<\/form>/.exec(
    page.text.slice(page.text.indexOf('<main')),
  );
  assert.equal(form?.[1], CALLBACK);
  assert.match(String(form?.[2]), /<button type="submit"/);
  const fields = [...String(form?.[2]).matchAll(/name="([^"]+)" value="([^"]*)"/g)];
  const left = new URL(CALLBACK);
  for (const [, name = '', value = ''] of fields) left.searchParams.set(name, plain(value));
  assert.deepEqual([...left.searchParams.keys()].sort(), ['code', 'iss', 'state']);
  await redeem(config, { url, checks: { ...checks, expectedState: '"><script>&amp;\'' } }, left);
  const refused = await browser.get(
    pathOf((await begin(config, { response_mode: 'form_post', acr_values: 'urn:example:gold' })).url),
  );
  assert.match(refused.text, /unmet_authentication_requirements/);
});

function plain(value: string): string {
  return value
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}
