import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANA } from '../../story.ts';
import { PASSWORD } from '../../world.ts';
import {
  addPortal,
  discover,
  errorIn,
  follow,
  open,
  openStory,
  redeem,
  signedIn,
  submit,
  tokensFor,
} from './openid-story.ts';

const MFA = 'urn:sallyport:acr:mfa';
const PWD = 'urn:sallyport:acr:pwd';

test('single sign-on: a second portal gets its code without a page', async (t) => {
  const { world, config, ana } = await openStory(t);
  const browser = await signedIn(world);
  const first = await tokensFor(config, browser);
  const other = await discover(world, await addPortal(world, { name: 'Other portal' }));
  const second = await tokensFor(other, browser);
  assert.equal(second.claims()?.sub, ana.id);
  assert.equal(second.claims()?.sid, first.claims()?.sid, 'one session');
  assert.notEqual(second.claims()?.aud, first.claims()?.aud);
  const grants = (await world.events()).filter(({ action }) => action === 'grant.created');
  assert.deepEqual(
    grants.map(({ detail }) => detail.clientId),
    [config, other].map((one) => one.clientMetadata().client_id),
  );
});

test('a person without an authenticator who is asked for a second factor sets one up and lands in the portal', async (t) => {
  const { world, config } = await openStory(t);
  const browser = world.person();
  const asked = await open(config, browser, { acr_values: MFA });
  assert.match(asked.path, /^\/sign-in\?resume=/);
  const prompted = await submit(browser, '/sign-in', { email: ANA, password: PASSWORD });
  assert.match(prompted.path, /^\/security\/authenticator\?resume=/, 'the password was given just now');
  assert.match(prompted.text, /The page you want to open requires a second factor/);
  assert.doesNotMatch(mainOf(prompted.text), /href="\/security"/, 'the one way back is the one to the portal');
  const shown = await submit(browser, '/security/authenticator/start');
  const secret = /secret=([A-Z2-7]{32})/.exec(shown.text)?.[1];
  assert.ok(secret, shown.path);
  assert.doesNotMatch(shown.text, /Not now/);
  const codes = await submit(browser, '/security/authenticator', { code: world.totp(secret) });
  assert.match(codes.path, /^\/enroll\/recovery-codes\?resume=/);
  const done = await submit(browser, '/enroll/recovery-codes', { saved: 'yes' });
  const tokens = await redeem(config, asked.attempt, done.left);
  assert.equal(tokens.claims()?.acr, MFA);
  assert.deepEqual(tokens.claims()?.amr, ['pwd', 'otp', 'mfa']);
});

for (const seconds of [0, 600]) {
  test(`C17 T17.4 a session by a password of ${seconds} seconds ago steps up where a second factor is asked for, and is not asked again`, async (t) => {
    const { world, config, ana } = await openStory(t);
    const browser = await signedIn(world);
    const before = await tokensFor(config, browser);
    assert.equal(before.claims()?.acr, PWD);
    const secret = await world.addAuthenticator(ana.id);
    world.clock.at += seconds;
    const asked = await open(config, browser, { acr_values: MFA });
    assert.match(asked.path, /^\/step-up\?resume=/);
    const { left } = await submit(browser, '/step-up', { code: world.totp(secret) });
    const claims = (await redeem(config, asked.attempt, left)).claims();
    assert.equal(claims?.acr, MFA);
    assert.equal(claims?.auth_time, world.clock.at);
    assert.equal((await tokensFor(config, browser, { acr_values: MFA })).claims()?.acr, MFA);
  });
}

test('a page for payouts asks for both factors within five minutes', async (t) => {
  const { world, config, secret } = await openStory(t, { policy: 'required', hasAuthenticator: true });
  const browser = await signedIn(world, { secret });
  const payouts = { acr_values: MFA, max_age: '300' };
  world.clock.at += 300;
  await tokensFor(config, browser, payouts);
  world.clock.at += 1;
  const asked = await open(config, browser, payouts);
  assert.match(asked.path, /^\/sign-in\?again=&resume=/);
  await submit(browser, '/sign-in', { email: ANA, password: PASSWORD });
  const done = await submit(browser, '/sign-in/one-time-code', { code: world.totp(secret) });
  const onwards = /href="(\/oidc\/continue\/[\w-]{43})"/.exec(done.text)?.[1];
  const { left } = await follow(browser, String(onwards));
  const claims = (await redeem(config, asked.attempt, left, 300)).claims();
  assert.equal(claims?.auth_time, world.clock.at);
});

test('C17 T17.4 an essential class ends in a code or in an error, never in a circle', async (t) => {
  const { world, config } = await openStory(t);
  const browser = await signedIn(world);
  const claims = JSON.stringify({ id_token: { acr: { essential: true, values: [MFA] } } });
  for (const page of ['/security/authenticator', '/step-up']) {
    const asked = await open(config, browser, { claims });
    assert.ok(asked.path.startsWith(`${page}?resume=`), asked.path);
    const back = /href="(\/oidc\/continue\/[\w-]{43}\/cancel)"/.exec(asked.text)?.[1];
    assert.equal(errorIn(await follow(browser, String(back))), 'unmet_authentication_requirements');
    // The request was answered.
    assert.equal((await browser.get(String(back))).status, 404);
    world.clock.at += 300;
  }
});

test('the way back to the portal is on each page of the way, and says what was not met', async (t) => {
  const { world, config } = await openStory(t, { hasAuthenticator: true });
  const asked = await open(config, world.person(), {});
  assert.match(asked.text, /href="\/oidc\/continue\/[\w-]{43}\/cancel"/);
  for (const [params, error] of [
    [{}, 'access_denied'],
    [{ acr_values: MFA }, 'unmet_authentication_requirements'],
  ] as const) {
    const browser = world.person();
    const { text } = await open(config, browser, params);
    const back = /href="(\/oidc\/continue\/[\w-]{43}\/cancel)"/.exec(text)?.[1];
    assert.equal(errorIn(await follow(browser, String(back))), error);
  }
});

test('classes that nobody knows are skipped; where none is known, the portal is told', async (t) => {
  const { world, config } = await openStory(t);
  const browser = await signedIn(world);
  await tokensFor(config, browser, { acr_values: `urn:example:gold ${PWD}` });
  for (const acr_values of ['urn:example:gold', 'urn:example:gold urn:example:silver']) {
    assert.equal(errorIn(await open(config, browser, { acr_values })), 'unmet_authentication_requirements');
  }
  assert.equal(
    errorIn(await open(config, world.person(), { acr_values: 'urn:example:gold' })),
    'unmet_authentication_requirements',
  );
});

test('C17 T17.3 `prompt=none` answers with a code or says what is missing, and never with a page', async (t) => {
  const { world, config } = await openStory(t);
  const none = { prompt: 'none' };
  assert.equal(errorIn(await open(config, world.person(), none)), 'login_required');
  const browser = await signedIn(world);
  await tokensFor(config, browser, none);
  for (const [params, error] of [
    [{ acr_values: MFA }, 'unmet_authentication_requirements'],
    [{ max_age: '0' }, 'login_required'],
    [{ max_age: '59' }, 'login_required'],
  ] as const) {
    world.clock.at += 60;
    assert.equal(errorIn(await open(config, browser, { ...none, ...params })), error, JSON.stringify(params));
  }
  const third = await discover(world, await addPortal(world, { isThirdParty: true }));
  assert.equal(errorIn(await open(third, browser, none)), 'consent_required');
});

test('C17 T17.3 `prompt=login` and `max_age=0` ask a person again who has signed in this very second', async (t) => {
  const { world, config } = await openStory(t);
  const browser = await signedIn(world);
  for (const params of [{ prompt: 'login' }, { max_age: '0' }]) {
    const asked = await open(config, browser, params);
    assert.match(asked.path, /^\/sign-in\?again=&resume=/);
    // Continuing without it leads to the same page.
    const resume = new URL(asked.path, 'https://x').searchParams.get('resume');
    assert.match((await follow(browser, String(resume))).path, /^\/sign-in\?again=&resume=/);
    await browser.get(asked.path);
    const { left } = await submit(browser, '/sign-in', { email: ANA, password: PASSWORD });
    await redeem(config, asked.attempt, left);
  }
});

test('a session whose cookie was left out when the request came is no new sign-in', async (t) => {
  const { world, config } = await openStory(t);
  const browser = await signedIn(world);
  world.clock.at += 10 * 60;
  const [cookie] = [...browser.cookies].filter(([name]) => name.endsWith('session'));
  assert.ok(cookie);
  for (const params of [{ prompt: 'login' }, { max_age: '60' }, { prompt: 'select_account' }]) {
    browser.cookies.delete(cookie[0]);
    const asked = await open(config, browser, params);
    browser.cookies.set(...cookie);
    const resume = new URL(asked.path, 'https://x').searchParams.get('resume');
    assert.equal((await follow(browser, String(resume))).left, undefined, JSON.stringify(params));
  }
});

test('C17 T17.3 what a request asked for stays, whatever is deleted from the addresses on its way', async (t) => {
  const { world, config } = await openStory(t);
  const browser = await signedIn(world);
  for (const params of [{ prompt: 'login' }, { max_age: '0' }, { acr_values: MFA }] as Record<string, string>[]) {
    const { path } = await open(config, browser, params);
    const url = new URL(path, 'https://x');
    const resume = String(url.searchParams.get('resume'));
    for (const other of [resume, `/sign-in?${new URLSearchParams({ resume })}`, `${resume}?prompt=none&max_age=9999`]) {
      const led = await follow(browser, other);
      assert.equal(led.left, undefined, `${other} of ${JSON.stringify(params)}`);
      assert.ok(new URL(led.path, 'https://x').searchParams.get('resume') === resume);
    }
  }
});

test('`prompt=select_account` shows who is signed in, and takes them or somebody else', async (t) => {
  const { world, config, ana, partner } = await openStory(t);
  const ben = await world.addUser({ email: 'ben@acme.example', name: 'Ben Okri', partnerId: partner.id });
  const browser = await signedIn(world);
  const asked = await open(config, browser, { prompt: 'select_account' });
  assert.match(asked.path, /^\/oidc\/choose\?resume=/);
  assert.match(asked.text, /ana@acme\.example/);
  const { left } = await submit(browser, '/oidc/choose');
  assert.equal((await redeem(config, asked.attempt, left)).claims()?.sub, ana.id);
  const again = await open(config, browser, { prompt: 'select_account' });
  const other = /href="(\/sign-in\?again[^"]*)"/.exec(again.text)?.[1]?.replaceAll('&amp;', '&');
  await browser.get(String(other));
  const came = await submit(browser, '/sign-in', { email: ben.email, password: PASSWORD });
  assert.equal((await redeem(config, again.attempt, came.left)).claims()?.sub, ben.id);
});

test('a portal that expects one person by an ID token does not get another one', async (t) => {
  const { world, config, partner } = await openStory(t);
  const ben = await world.addUser({ email: 'ben@acme.example', name: 'Ben Okri', partnerId: partner.id });
  const browser = await signedIn(world);
  const id_token_hint = String((await tokensFor(config, await signedIn(world, ben))).id_token);
  assert.equal(errorIn(await open(config, browser, { id_token_hint, prompt: 'none' })), 'login_required');
  const asked = await open(config, browser, { id_token_hint });
  assert.match(asked.path, /^\/sign-in\?again=&resume=/);
  const { left } = await submit(browser, '/sign-in', { email: ben.email, password: PASSWORD });
  assert.equal((await redeem(config, asked.attempt, left)).claims()?.sub, ben.id);
});

test('`login_hint` fills the email in, and `ui_locales` chooses the language where nobody has', async (t) => {
  const { world, config } = await openStory(t);
  const asked = await open(config, world.person(), { login_hint: ANA, ui_locales: 'sv de-AT en' });
  assert.match(asked.text, /<html lang="de">/);
  assert.match(asked.text, /name="email"[^>]*value="ana@acme\.example"/);
  const browser = world.person();
  await browser.post('/language', { language: 'en' });
  assert.match((await open(config, browser, { ui_locales: 'de' })).text, /<html lang="en">/);
  assert.match((await open(config, world.person(), { ui_locales: 'pt-BR de' })).text, /<html lang="pt-PT">/);
  const odd = await open(config, world.person(), { login_hint: '"><b>x', ui_locales: 'x-y' });
  assert.equal(odd.status, 200);
  assert.doesNotMatch(odd.text, /<b>x/);
});

function mainOf(text: string): string {
  return text.slice(text.indexOf('<main'), text.indexOf('</main>'));
}
