import assert from 'node:assert/strict';
import { tracingChannel } from 'node:diagnostics_channel';
import { describe, it } from 'node:test';
import { mailMessage, withLook } from '#mail/message.ts';
import { findLook } from '#store/partners/looks.ts';
import { listMail } from '#store/queue/outbox.ts';
import { ANA, enrollWithCodes, openWithAna } from '../../story.ts';
import { PASSWORD, type World } from '../../world.ts';
import { enterStaff } from '../console/console-story.ts';
import { ACME, addLogo, brandOn, dress, LOOK, SERVICE } from './look-story.ts';

const pages = async (browser: { get(path: string): Promise<{ status: number; text: string }> }, ...paths: string[]) => {
  const shown = [];
  for (const path of paths) {
    const { status, text } = await browser.get(path);
    assert.equal(status, 200, path);
    shown.push(brandOn(text));
  }
  return shown;
};

describe('the look of a partner', () => {
  it('is on every page of its people from the password on, and on none before and after', async (t) => {
    const { world, partnerId } = await openWithAna(t);
    await dress(world, partnerId);
    const browser = world.person();
    const before = ['/sign-in', '/forgot-password', '/help', '/sign-in/lost'];
    assert.deepEqual(
      await pages(browser, ...before),
      before.map(() => SERVICE),
    );
    await browser.signIn(ANA);
    assert.deepEqual(await pages(browser, '/enroll', '/sign-in/lost', '/help'), [ACME, ACME, ACME]);
    await browser.post('/enroll');
    const setUp = await browser.get('/enroll/authenticator');
    assert.deepEqual(brandOn(setUp.text), ACME);
    assert.match(setUp.text, /otpauth:\/\/totp\/Partner%20Interface/, 'the entry keeps the name of the service');
    const secret = /secret=([A-Z2-7]{32})/.exec(setUp.text)?.[1] ?? '';
    await browser.post('/enroll/authenticator', { code: world.totp(secret) });
    assert.deepEqual(await pages(browser, '/enroll/recovery-codes'), [ACME]);
    assert.match((await browser.get('/enroll/recovery-codes.txt')).text, /Recovery codes for Acme Access/);
    await browser.post('/enroll/recovery-codes', { saved: 'yes' });
    const after = ['/', '/security', '/security/sessions', '/security/password', '/help'];
    assert.deepEqual(
      await pages(browser, ...after),
      after.map(() => ACME),
    );
    assert.deepEqual(brandOn((await browser.get('/nowhere')).text), ACME, 'an unknown address');
    assert.deepEqual(brandOn((await browser.get('/console')).text), ACME, 'a page that is refused');
    await browser.post('/sign-out');
    assert.deepEqual(await pages(browser, '/sign-in'), [SERVICE]);
    world.clock.at += 30;
    await browser.signIn(ANA);
    assert.deepEqual(await pages(browser, '/sign-in/one-time-code', '/sign-in/recovery-code'), [ACME, ACME]);
    const wrong = await browser.post('/sign-in/one-time-code', { code: '000000' });
    assert.deepEqual(brandOn(wrong.text), ACME);
    assert.match(wrong.text, /it shows for Partner Interface now/);
  });

  it('is not of the people of another partner, nor of staff', async (t) => {
    const { world, partnerId } = await openWithAna(t);
    await dress(world, partnerId);
    const other = await world.addPartner({ name: 'Nordlicht', slug: 'nordlicht' });
    await world.addUser({ email: 'nora@nordlicht.example', partnerId: other.id });
    const nora = world.person();
    await nora.signIn('nora@nordlicht.example');
    assert.deepEqual(await pages(nora, '/enroll'), [SERVICE]);
    const csm = await enterStaff(world, 'csm', 'chris@portal.example');
    const staffPages = ['/', '/security', '/console/partners', `/console/partners/${partnerId}`];
    assert.deepEqual(
      await pages(csm, ...staffPages),
      staffPages.map(() => SERVICE),
    );
  });

  it('says nothing about an email: a refused password is answered alike, known or not', async (t) => {
    const { world, partnerId } = await openWithAna(t);
    await dress(world, partnerId);
    await addLogo(world, partnerId, 'light');
    const answers = [];
    for (const email of [ANA, 'nobody@acme.example']) {
      const { status, text } = await world.person().signIn(email, 'another password');
      answers.push([status, brandOn(text), text.includes('/logo/')]);
    }
    assert.deepEqual(answers, [
      [401, SERVICE, false],
      [401, SERVICE, false],
    ]);
    const asked = world.person();
    await asked.submit('/forgot-password', { email: ANA });
    assert.deepEqual(await pages(asked, '/forgot-password?sent', '/sign-in?login_hint=ana%40acme.example'), [
      SERVICE,
      SERVICE,
    ]);
  });

  it('has a logo for each scheme, from our own origin, at an address that a browser keeps', async (t) => {
    const { world, partnerId } = await openWithAna(t);
    await dress(world, partnerId);
    const light = await addLogo(world, partnerId, 'light', 32);
    const browser = world.person();
    await browser.signIn(ANA);
    assert.deepEqual(await pages(browser, '/enroll'), [{ ...ACME, logo: light }]);
    const dark = await addLogo(world, partnerId, 'dark', 33);
    assert.deepEqual(await pages(browser, '/enroll'), [{ ...ACME, logo: light, dark }]);
    const { status, headers } = await world.person().get(light);
    assert.equal(status, 200);
    assert.deepEqual(
      ['content-type', 'cache-control', 'x-content-type-options', 'content-security-policy', 'set-cookie'].map((name) =>
        headers.get(name),
      ),
      [
        'image/png',
        'public, max-age=31536000, immutable',
        'nosniff',
        "default-src 'none'; frame-ancestors 'none'; sandbox",
        null,
      ],
    );
    assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin');
    const known = await world.person().send(light, { headers: { 'if-none-match': headers.get('etag') ?? '' } });
    assert.equal(known.status, 304);
    for (const path of [
      '/logo',
      '/logo/x',
      `${light}x`,
      '/logo/%00000000000000000',
      '/logo/..%2f..%2fpackage.js',
      light.toUpperCase(),
    ]) {
      assert.equal((await world.person().get(path)).status, 404, path);
    }
  });

  it('is of the owner of a link, on the page that the link opens', async (t) => {
    const { world, partnerId } = await openWithAna(t);
    await dress(world, partnerId);
    await world.person().submit('/forgot-password', { email: ANA });
    const [{ link = '' } = {}] = await world.mail();
    const browser = world.person();
    const path = new URL(link).pathname;
    assert.deepEqual(await pages(browser, path), [ACME]);
    assert.deepEqual(brandOn((await browser.post(path, { password: 'short' })).text), ACME);
    assert.deepEqual(brandOn((await browser.get('/password/unknown')).text), SERVICE);
    const csm = await enterStaff(world, 'csm', 'chris@portal.example');
    await csm.post(`/console/partners/${partnerId}/people/new`, {
      email: 'new@acme.example',
      name: '',
      role: 'member',
    });
    const invitation = (await world.mail()).find(({ kind }) => kind === 'invitation')?.link ?? '';
    assert.deepEqual(await pages(browser, new URL(invitation).pathname), [ACME]);
  });

  it('is not a password: the name that people see is one of their own words', async (t) => {
    const { world, partnerId } = await openWithAna(t, { policy: 'off' });
    await dress(world, partnerId, { ...LOOK, name: 'Quetzalcoatl Access' });
    const browser = world.person();
    await browser.signIn(ANA);
    const changed = await browser.post('/security/password', { current: PASSWORD, new: 'quetzalcoatl access' });
    assert.match(changed.text, /Attackers try your name, your email and Quetzalcoatl Access first/);
  });

  it('costs no statement: the row of the session brings it', async (t) => {
    let reads = 0;
    const { start } = tracingChannel('sallyport:read');
    const hear = () => {
      reads += 1;
    };
    // A database that is opened without a listener is never listened to.
    start.subscribe(hear);
    t.after(() => start.unsubscribe(hear));
    const { world, partnerId } = await openWithAna(t);
    const browser = world.person();
    await enrollWithCodes(world, browser);
    const readsOf = async (path: string) => {
      const before = reads;
      await browser.get(path);
      return reads - before;
    };
    await browser.get('/');
    const plainly = [await readsOf('/'), await readsOf('/security')];
    // The statements are the same on both databases; those of the pool of PostgreSQL are not announced.
    if (world.env.db.kind === 'postgres') return t.skip('counted on SQLite');
    assert.ok(plainly.every((count) => count > 0));
    await dress(world, partnerId);
    await addLogo(world, partnerId, 'light');
    assert.deepEqual([await readsOf('/'), await readsOf('/security')], plainly);
  });
});

describe('a mail', () => {
  it('has the look of its receiver: name, hue and help line, and no picture', async (t) => {
    const { world, partnerId } = await openWithAna(t);
    await dress(world, partnerId);
    await addLogo(world, partnerId, 'light');
    const other = await world.addPartner({ name: 'Nordlicht', slug: 'nordlicht' });
    await world.addUser({ email: 'nora@nordlicht.example', partnerId: other.id });
    await world.person().submit('/forgot-password', { email: ANA });
    await world.person('192.0.2.8').submit('/forgot-password', { email: 'nora@nordlicht.example' });
    const [nora, ana] = await sentMails(world);
    assert.equal(ana?.subject, 'Set a new password for Acme Access');
    assert.match(
      ana?.text ?? '',
      /at Acme Access\.[\s\S]*Questions\? IT desk, extension 4711 \(it@acme\.example\)|Questions: IT desk, extension 4711 \(it@acme\.example\)/,
    );
    assert.match(ana?.html ?? '', />Acme Access<\/p>/);
    assert.doesNotMatch(ana?.html ?? '', /<img|\/logo/);
    assert.equal(nora?.subject, 'Set a new password for Partner Interface');
    assert.doesNotMatch(`${nora?.text}`, /Acme|IT desk/);
    const buttonOf = (html = '') => /class="button"[^>]*background:(#[0-9a-f]{6})/.exec(html)?.[1];
    assert.notEqual(buttonOf(ana?.html), buttonOf(nora?.html));
  });
});

async function sentMails(world: World) {
  const rows = await listMail(world.env.db.read, 10);
  return Promise.all(
    rows.map(async (row) => mailMessage(withLook(world.env, await findLook(world.env.db.read, row.partner_id)), row)),
  );
}
