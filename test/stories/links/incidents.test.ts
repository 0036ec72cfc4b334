import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ORIGIN, openWorld } from '../../world.ts';
import { enter, openTeam } from '../team/team-story.ts';

/** Replacements for an empty token, or for that of an empty column. */
const BLANK = ['%20', '%00', '0', 'null', 'undefined', '[]', '..%2f'];

test('C06 a blank token opens nothing, whatever kind of link it stands for', async (t) => {
  const world = await openWorld(t);
  const partner = await world.addPartner({ policy: 'optional' });
  const ana = await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
  const browser = await enter(world, ana.email, await world.addAuthenticator(ana.id));
  for (const blank of BLANK) {
    for (const path of ['/password/', '/invitation/', '/email-revert/', '/email/']) {
      const { status } = await browser.get(`${path}${blank}`);
      assert.ok(status === 404 || status === 400, `${path}${blank}: ${status}`);
    }
  }
});

test('C16 the links of every mail lead to the public address, whatever the request says of it', async (t) => {
  const { world, ana, mia } = await openTeam(t);
  const forged = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', forwarded: 'host=evil.example' };
  await mia.get('/team/invite');
  const token = /name="form_token" value="([^"]+)"/.exec((await mia.get('/team/invite')).text)?.[1] ?? '';
  const body = new URLSearchParams({ form_token: token, email: 'bo@acme.example', name: 'Bo', role: 'member' });
  const headers = { ...forged, origin: ORIGIN };
  assert.equal((await mia.send('/team/invite', { method: 'POST', body, headers })).status, 303);
  const browser = world.person();
  const form = await browser.get('/forgot-password');
  const reset = /name="form_token" value="([^"]+)"/.exec(form.text)?.[1] ?? '';
  const asked = new URLSearchParams({ form_token: reset, email: ana.email });
  assert.equal((await browser.send('/forgot-password', { method: 'POST', body: asked, headers })).status, 303);
  const links = (await world.mail()).map(({ link }) => link).filter((link) => link !== '');
  assert.equal(links.length, 2);
  for (const link of links) assert.equal(new URL(link).origin, ORIGIN);
});

test('C06 without phone and password a mail link and one recovery code let in, and nothing less', async (t) => {
  const world = await openWorld(t);
  const partner = await world.addPartner();
  await world.addUser({ email: 'ana@acme.example', partnerId: partner.id });
  const first = world.person();
  await first.signIn('ana@acme.example');
  await first.get('/enroll');
  await first.post('/enroll');
  const { text } = await first.get('/enroll/authenticator');
  const secret = /secret=([A-Z2-7]{32})/.exec(text)?.[1] ?? '';
  await first.post('/enroll/authenticator', { code: world.totp(secret) });
  const codes = (await first.get('/enroll/recovery-codes.txt')).text.match(/\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}\b/g) ?? [];
  await first.post('/enroll/recovery-codes', { saved: 'yes' });
  await world.person().post('/forgot-password', { email: 'ana@acme.example' });
  const link = (await world.mail()).find(({ kind }) => kind === 'password_reset')?.link ?? '';
  const browser = world.person();
  await browser.post(new URL(link).pathname, { password: 'quiet harbor seven lamps' });
  await browser.signIn('ana@acme.example', 'quiet harbor seven lamps');
  assert.equal((await browser.get('/')).status, 303, 'the link and the password are not enough');
  assert.match((await browser.get('/sign-in/lost')).text, /href="\/sign-in\/recovery-code"/);
  assert.equal((await browser.post('/sign-in/recovery-code', { code: codes[0] ?? '' })).status, 303);
  assert.notEqual((await browser.get('/security')).status, 401);
  assert.equal((await browser.get('/security')).status, 200);
});
