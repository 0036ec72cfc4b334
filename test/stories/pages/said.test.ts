import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeEmailLink, makeLink } from '#flows/administration/make-link.ts';
import { ANA, openWithAna, openWithEnrolledAna, plain, refusalOn } from '../../story.ts';
import { enterStaff, ROBIN } from '../console/console-story.ts';

const NEW_PASSWORD = 'marble canyon thirteen owls';

describe('a form of the second step without its cookie', () => {
  for (const path of ['/sign-in/one-time-code', '/sign-in/recovery-code']) {
    it(`leads to a sign-in that says what is gone: ${path}`, async (t) => {
      const { world, secret } = await openWithEnrolledAna(t);
      const browser = world.person();
      await browser.signIn(ANA);
      const { text } = await browser.get(path);
      const form_token = /name="form_token" value="([^"]+)"/.exec(text)?.[1] ?? '';
      browser.cookies.clear();
      const body = new URLSearchParams({ form_token, code: world.totp(secret) });
      const headers = { origin: world.env.config.publicUrl.origin };
      const sent = await browser.send(path, { method: 'POST', body, headers });
      assert.deepEqual([sent.status, sent.location], [303, '/sign-in?lost']);
      const page = await browser.get('/sign-in?lost');
      assert.match(refusalOn(page.text), /Your browser lost this sign-in .*keep this window open/);
      assert.equal((await browser.signIn(ANA)).location, '/sign-in/one-time-code');
    });
  }

  it('of a browser that keeps no cookie at all is refused with the reason', async (t) => {
    const { world } = await openWithAna(t);
    const browser = world.person();
    const { text } = await browser.get('/sign-in');
    const form_token = /name="form_token" value="([^"]+)"/.exec(text)?.[1] ?? '';
    browser.cookies.clear();
    const body = new URLSearchParams({ form_token, email: ANA, password: 'x' });
    const headers = { origin: world.env.config.publicUrl.origin };
    const sent = await browser.send('/sign-in', { method: 'POST', body, headers });
    assert.equal(sent.status, 403);
    assert.match(refusalOn(sent.text), /allow cookies for this site/);
  });
});

describe('a link that is followed where somebody else is signed in', () => {
  it('says whom it signs out, and does', async (t) => {
    const { world, ana, partnerId } = await openWithAna(t, { policy: 'off' });
    const { env } = world;
    const bo = await world.addUser({ email: 'bo@acme.example', partnerId, password: undefined });
    const make = (purpose: 'invitation' | 'reset', userId: string) =>
      env.db.transaction(async (tx) => new URL((await makeLink(env, tx, { purpose, userId })).url).pathname);
    const revert = { purpose: 'revert', userId: ana.id, email: 'old@acme.example' } as const;
    const links: [string, Record<string, string>][] = [
      [await make('invitation', bo.id), { name: 'Bo', password: NEW_PASSWORD }],
      [await make('reset', ana.id), { password: NEW_PASSWORD }],
      [new URL(await env.db.transaction((tx) => makeEmailLink(env, tx, revert))).pathname, {}],
    ];
    for (const [index, [path, fields]] of links.entries()) {
      const email = `robin${index}@portal.example`;
      const browser = await enterStaff(world, 'csm', email);
      const page = plain((await browser.get(path)).text);
      assert.ok(
        page.includes(`${email} is signed in on this browser. If you continue, ${email} will be signed out.`),
        path,
      );
      assert.equal((await browser.get('/')).status, 200, 'looking signs nobody out');
      const stolen = new Map(browser.cookies);
      assert.equal((await browser.post(path, fields)).status, 303, path);
      for (const [name, value] of stolen) browser.cookies.set(name, value);
      assert.equal((await browser.get('/')).status, 303, `${path}: the session itself has ended`);
    }
  });

  it('says nothing where it is the same person, or nobody', async (t) => {
    const { world, ana } = await openWithAna(t, { policy: 'off' });
    const link = await world.env.db.transaction((tx) => makeLink(world.env, tx, { purpose: 'reset', userId: ana.id }));
    const { pathname } = new URL(link.url);
    const browser = world.person();
    assert.doesNotMatch((await browser.get(pathname)).text, /is signed in on this browser/);
    await browser.signIn(ANA);
    assert.doesNotMatch((await browser.get(pathname)).text, /is signed in on this browser/);
  });
});

describe('an error page', () => {
  it('repeats nothing of the address', async (t) => {
    const { world } = await openWithAna(t);
    const robin = await enterStaff(world, 'admin', ROBIN);
    for (const browser of [world.person(), robin]) {
      for (const path of [
        ...['/call-0900-123-now?x=call-0900-123', '/invitation/call-0900-123', '/password/call-0900-123'],
        ...['/email-revert/call-0900-123', '/console/people/call-0900-123', '/team/people/call-0900-123'],
        ...['/console/secrets/call-0900-123', '/email/call-0900-123', '/assets/call-0900-123'],
      ]) {
        const { status, text } = await browser.get(path);
        if (status === 303) continue;
        assert.ok(status >= 400, path);
        assert.ok(!text.includes('call-0900'), path);
        assert.equal((await browser.post(path)).text.includes('call-0900'), false, `${path}, sent to`);
      }
    }
  });

  it('still changes its language in place', async (t) => {
    const { world } = await openWithAna(t);
    const browser = world.person();
    const { text } = await browser.get('/password/gone?x=1');
    const form_token = /name="form_token" value="([^"]+)"/.exec(text)?.[1] ?? '';
    const { origin } = world.env.config.publicUrl;
    const body = new URLSearchParams({ form_token, language: 'de' });
    const change = (referer: string) =>
      browser.send('/language', { method: 'POST', body, headers: { origin, referer } });
    assert.equal((await change(`${origin}/password/gone?x=1`)).location, '/password/gone?x=1');
    assert.equal((await change('https://evil.example/')).location, '/');
    assert.equal((await change(`${origin}.evil.example/a`)).location, '/');
  });
});
