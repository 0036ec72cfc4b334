import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openWorld } from '../../world.ts';
import { APP_ORIGIN, addSite, openPortal } from '../forward-auth/forward-auth-story.ts';
import { addPortal, discover, open, openStory } from '../openid/openid-story.ts';
import { ACME, brandOn, dress, SERVICE } from './look-story.ts';

describe('the sign-in page for a portal', () => {
  it('has the look of the partner that the client is for, for every email', async (t) => {
    const { world, partner, config } = await openStory(t, { client: { partners: ['acme'] } });
    await dress(world, partner.id);
    const browser = world.person();
    const { text, path } = await open(config, browser);
    assert.match(path, /^\/sign-in\?.*resume=/);
    assert.deepEqual(brandOn(text), ACME);
    const refused = await browser.post('/sign-in', { email: 'nobody@acme.example', password: 'another password' });
    assert.deepEqual([refused.status, brandOn(refused.text)], [401, ACME], 'an email changes nothing');
    assert.deepEqual(brandOn((await browser.get(path.replace('/sign-in', '/forgot-password'))).text), ACME);
    assert.deepEqual(brandOn((await browser.get('/sign-in')).text), SERVICE, 'without the request of the portal');
  });

  it('has the look of the service for a client of everybody, or of several partners', async (t) => {
    const { world, partner } = await openStory(t);
    await dress(world, partner.id);
    await world.addPartner({ slug: 'nordlicht', name: 'Nordlicht' });
    for (const partners of [[], ['acme', 'nordlicht'], ['nordlicht']]) {
      const config = await discover(world, await addPortal(world, { partners }));
      assert.deepEqual(brandOn((await open(config, world.person())).text), SERVICE, partners.join());
    }
  });

  it('takes the look of the person as soon as the password has proven who it is', async (t) => {
    const { world, partner, config } = await openStory(t, { client: { partners: ['acme'] }, policy: 'required' });
    await dress(world, partner.id);
    const browser = world.person();
    const { path } = await open(config, browser);
    const other = await world.addPartner({ slug: 'nordlicht', name: 'Nordlicht', policy: 'required' });
    await world.addUser({ email: 'nora@nordlicht.example', partnerId: other.id });
    const resume = new URLSearchParams(path.split('?')[1]).get('resume') ?? '';
    const { location = '' } = await browser.post('/sign-in', {
      ...{ email: 'nora@nordlicht.example', password: 'lantern otter velvet 9', resume },
    });
    assert.deepEqual(brandOn((await browser.get(location)).text), SERVICE);
  });

  it('has the look of the partner that a protected host is for, and so has the page on that host', async (t) => {
    const { world, partnerId, browser } = await openPortal(t, { policy: 'required' });
    await dress(world, partnerId);
    const other = await world.addPartner({ slug: 'nordlicht', name: 'Nordlicht' });
    await addSite(world, { host: 'one.example.com', partnerIds: [partnerId] });
    await addSite(world, { host: 'two.example.com', partnerIds: [partnerId, other.id] });
    assert.deepEqual(brandOn((await browser.follow('https://one.example.com/')).text), ACME);
    assert.deepEqual(brandOn((await browser.follow('https://two.example.com/')).text), SERVICE);
    assert.deepEqual(brandOn((await browser.follow(`${APP_ORIGIN}/`)).text), SERVICE);
    const there = await browser.ask('/.sallyport/sign-out', 'one.example.com', {});
    assert.match(there.text, /<title>[^<]* – Acme Access<\/title>/);
    assert.match(there.text, /href="\/\.sallyport\/brand\.css\?hue=25"/);
    const shared = await browser.ask('/.sallyport/sign-out', 'two.example.com', {});
    assert.match(shared.text, /<title>[^<]* – Partner Interface<\/title>/, 'a host of several partners');
    const sheet = await browser.ask('/.sallyport/brand.css?hue=25', 'one.example.com', {});
    assert.equal(sheet.text, ':root{--hue:25}\n');
  });

  it('takes nothing from a request that nobody made', async (t) => {
    const world = await openWorld(t);
    for (const kind of ['oidc', 'forward-auth']) {
      const { status, text } = await world.person().get(`/sign-in?resume=/${kind}/continue/${'a'.repeat(43)}`);
      assert.deepEqual([status, brandOn(text)], [200, SERVICE]);
    }
  });
});
