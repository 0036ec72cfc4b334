import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { settled } from '../../databases/settled.ts';
import { JPEG, png, WEBP_ALPHA } from '../../pictures.ts';
import { plain, refusalOn, sendUnoffered } from '../../story.ts';
import { ORIGIN } from '../../world.ts';
import { enterStaff, lastEvents, openConsole } from '../console/console-story.ts';
import { HOSTILE_LOGOS, logosOn, uploadLogo as upload } from './logo-files.ts';
import { addLogo, dress, LOOK } from './look-story.ts';

const TYPED = { name: LOOK.name, hue: LOOK.hue, help: LOOK.help, link: LOOK.helpHref };
const NOTHING = { name: '', hue: '', help: '', link: '' };

describe('the page with the look of a partner', () => {
  it('saves name, hue and help line, shows them in both schemes, and leaves one event', async (t) => {
    const { world, partner, csm, partnerPath } = await openConsole(t);
    const look = `${partnerPath}/look`;
    assert.match(plain((await csm.get(partnerPath)).text), /Look As everyone sees it/);
    const saved = await csm.submit(look, TYPED);
    assert.match(plain(saved.text), /Look saved\. People of this partner see it on the next page they open\./);
    for (const value of [
      'value="Acme Access"',
      'value="25"',
      'value="IT desk, extension 4711"',
      'value="mailto:it@acme.example"',
    ])
      assert.ok(saved.text.includes(value), value);
    assert.match(
      saved.text,
      /<figure class="sample in-light">[\s\S]*Acme Access[\s\S]*<figure class="sample in-dark">/,
    );
    assert.match(saved.text, /href="\/brand\.css\?sample=25"/);
    for (const file of ['look.css', 'look.js']) assert.ok(saved.text.includes(`/assets/${file}?v=`), file);
    assert.match(
      saved.text,
      /<link rel="stylesheet" href="\/brand\.css\?hue=262">/,
      'staff keep the look of the service',
    );
    assert.deepEqual(
      (await lastEvents(world, 1)).map(({ action, detail }) => [action, detail]),
      [['partner.look_changed', { parts: ['name', 'hue', 'help'] }]],
    );
    const count = (await world.events()).length;
    await csm.submit(look, TYPED);
    assert.equal((await world.events()).length, count, 'nothing changed, nothing logged');
    assert.match(plain((await csm.get(partnerPath)).text), /Look Acme Access/);
    await csm.submit(look, NOTHING);
    const row = await world.env.db.read
      .selectFrom('partners')
      .select('look')
      .where('id', '=', partner.id)
      .executeTakeFirst();
    assert.deepEqual(row, { look: null });
  });

  it('previews without saving, at an address without a token, and computes the contrast', async (t) => {
    const { world, csm, partnerPath } = await openConsole(t);
    const look = `${partnerPath}/look`;
    const { status, location = '' } = await csm.post(look, { ...TYPED, hue: '145', act: 'preview' });
    assert.equal(status, 303);
    assert.equal(
      location,
      `${look}?name=Acme+Access&hue=145&help=IT+desk%2C+extension+4711&link=mailto%3Ait%40acme.example#preview`,
    );
    const shown = await csm.get(location.replace(/#.*/, ''));
    assert.match(shown.text, /\/brand\.css\?sample=145"/);
    assert.match(
      plain(shown.text),
      /Text on buttons \d\d?\.\d\s:\s1, links \d\d?\.\d\s:\s1\. Readable text needs 4\.5\s:\s1\./,
    );
    assert.equal(
      (await world.events()).some(({ action }) => action === 'partner.look_changed'),
      false,
    );
    const refused = await csm.get(`${look}?name=x&hue=999`);
    assert.deepEqual(
      [refused.status, refusalOn(refused.text)],
      [400, 'Enter a whole number from 0 to 360 Nothing was changed.'],
    );
  });

  it('names every field that does not fit, and keeps what was typed', async (t) => {
    const { csm, partnerPath } = await openConsole(t);
    const typed = { name: 'x'.repeat(61), hue: '1.5', help: '', link: 'javascript:alert(1)' };
    const { status, text } = await csm.post(`${partnerPath}/look`, typed);
    assert.equal(status, 400);
    const links = ['href="#name"', 'href="#hue"', 'href="#link"'];
    for (const part of links) assert.ok(text.includes(part), part);
    assert.ok(text.includes('value="javascript:alert(1)"'));
    assert.doesNotMatch(text, /href="javascript/);
  });

  it('takes a logo for each scheme, and takes it away again', async (t) => {
    const { world, csm, partnerPath } = await openConsole(t);
    const look = `${partnerPath}/look`;
    assert.equal((await upload(csm, look, png())).location, `${look}?done=look`);
    assert.equal((await upload(csm, look, WEBP_ALPHA, { scheme: 'dark' })).status, 303);
    const [light = '', dark = ''] = logosOn((await csm.get(look)).text);
    assert.equal((await csm.get(light)).headers.get('content-type'), 'image/png');
    assert.equal((await csm.get(dark)).headers.get('content-type'), 'image/webp');
    await upload(csm, look, JPEG);
    assert.equal((await csm.get(light)).status, 404, 'the logo that was replaced is gone');
    await csm.get(look);
    await csm.post(`${look}/logo/remove`, { scheme: 'dark' });
    assert.equal((await csm.get(dark)).status, 404);
    assert.equal(
      (await csm.get(logosOn((await csm.get(look)).text)[0] ?? '')).headers.get('content-type'),
      'image/jpeg',
    );
    assert.deepEqual(
      (await world.events()).flatMap(({ action, detail }) => (action === 'partner.look_changed' ? [detail.parts] : [])),
      [['logo_light'], ['logo_dark'], ['logo_light'], ['logo_dark']],
    );
    const rows = await world.env.db.read.selectFrom('logos').select('type').execute();
    assert.deepEqual(rows, [{ type: 'image/jpeg' }]);
  });

  for (const [name, file, status, words] of HOSTILE_LOGOS) {
    it(`refuses as a logo: ${name}`, async (t) => {
      const { world, csm, partnerPath } = await openConsole(t);
      const answer = await upload(csm, `${partnerPath}/look`, file);
      assert.equal(answer.status, status);
      assert.match(plain(answer.text), words);
      assert.deepEqual(await world.env.db.read.selectFrom('logos').select('id').execute(), []);
    });
  }

  it('serves a polyglot as the picture that it is, whatever type the sender claimed, without the rest of it', async (t) => {
    const { csm, partnerPath } = await openConsole(t);
    const script = Buffer.from('<script>alert(document.domain)</script>');
    const file = Buffer.concat([png({ more: [['tEXt', script]] }), script]);
    await upload(csm, `${partnerPath}/look`, file, { type: 'text/html' });
    const [path = ''] = logosOn((await csm.get(`${partnerPath}/look`)).text);
    const { text, headers } = await csm.get(path);
    assert.deepEqual([headers.get('content-type'), headers.get('x-content-type-options')], ['image/png', 'nosniff']);
    assert.doesNotMatch(text, /script/);
  });

  it('is for staff alone, after a fresh proof, and only with a form of ours', async (t) => {
    const { world, partner, csm, partnerPath } = await openConsole(t);
    const look = `${partnerPath}/look`;
    await world.addUser({ email: 'mia@acme.example', partnerId: partner.id, role: 'manager' });
    const admin = await enterStaff(world, 'admin', 'robin@portal.example');
    assert.equal((await admin.get(look)).status, 200);
    const stale = await csm.send(look, {
      method: 'POST',
      body: new URLSearchParams(TYPED),
      headers: { origin: ORIGIN },
    });
    assert.equal(stale.status, 403);
    assert.equal((await world.person().get(look)).status, 303);
    for (const seconds of [500, 401]) {
      world.clock.at += seconds;
      await csm.get('/');
      await settled(world.env.db);
    }
    assert.equal((await csm.get(look)).location, '/step-up');
    assert.equal((await csm.get('/console/partners/nobody/look')).location, '/step-up');
  });

  it('is 404 for an unknown partner, and refuses a scheme that there is not', async (t) => {
    const { csm, partnerPath } = await openConsole(t);
    assert.equal((await csm.get('/console/partners/nobody/look')).status, 404);
    const look = `${partnerPath}/look`;
    assert.equal((await sendUnoffered(csm, look, `${look}/logo/remove`, { scheme: 'sepia' })).status, 400);
  });

  it('puts the look into the letter and into the previews of mail', async (t) => {
    const { world, partner, csm, partnerPath } = await openConsole(t);
    await dress(world, partner.id);
    const letter = plain((await csm.get(`${partnerPath}/letter`)).text);
    assert.match(letter, /Two-factor authentication for Acme Access/);
    assert.match(letter, /IT desk, extension 4711/);
    const preview = plain((await csm.get(`${partnerPath}/policy?policy=date&from=2027-06-01`)).text);
    assert.match(preview, /Set up two-factor authentication for Acme Access/);
  });

  it('gives the same file another address at another partner', async (t) => {
    const { world, partner } = await openConsole(t);
    const other = await world.addPartner({ slug: 'nordlicht', name: 'Nordlicht' });
    assert.notEqual(await addLogo(world, partner.id, 'light'), await addLogo(world, other.id, 'light'));
  });
});
