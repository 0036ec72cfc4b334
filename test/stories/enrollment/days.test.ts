import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plain } from '../../story.ts';
import { openConsole, read } from '../console/console-story.ts';

// The world begins on January 15, 2027, 08:00 UTC: the day is already the 15th there, and still the 14th at UTC-12.
const at = (time: string) => Date.parse(time) / 1000;

test('nobody is held to a date before it has begun where they are', async (t) => {
  const { world, csm, ana, partnerPath } = await openConsole(t);
  await csm.get(`${partnerPath}/policy?policy=date&from=2027-01-20`);
  await csm.post(`${partnerPath}/policy`, { policy: 'date', from: '2027-01-20' });
  assert.match(await read(csm, partnerPath), /Required from January 20, 2027/);
  for (const time of ['2027-01-19T23:59:59Z', '2027-01-20T00:30:00Z', '2027-01-20T11:59:59Z']) {
    world.clock.at = at(time);
    const browser = world.person();
    await browser.signIn(ana.email);
    assert.match(plain((await browser.get('/enroll')).text), /from January 20, 2027/, time);
    assert.equal((await browser.post('/enroll/skip')).location, '/', time);
  }
  world.clock.at = at('2027-01-20T12:00:00Z');
  const browser = world.person();
  await browser.signIn(ana.email);
  assert.doesNotMatch((await browser.get('/enroll')).text, /Not now/);
});

test('an exemption holds through its last day everywhere, and every list names that day', async (t) => {
  const { world, csm, ana, anaPath, partnerPath } = await openConsole(t);
  await csm.get(`${partnerPath}/policy?policy=now`);
  await csm.post(`${partnerPath}/policy`, { policy: 'now', from: '' });
  await csm.post(`${anaPath}/exempt`, { reason: 'on a ship', until: '2027-01-31' });
  assert.match(await read(csm, anaPath), /Exempt until January 31, 2027/);
  assert.match(await read(csm, partnerPath), /Exempt until January 31, 2027/);
  assert.match((await csm.get(`${partnerPath}/people.csv`)).text, /,2027-01-31,on a ship\r\n/);
  world.clock.at = at('2027-02-01T11:59:59Z');
  assert.equal((await world.person().signIn(ana.email)).location, '/');
  world.clock.at = at('2027-02-01T12:00:00Z');
  assert.equal((await world.person().signIn(ana.email)).location, '/enroll');
});

test('a date of an earlier version keeps its instant, and is shown as that instant', async (t) => {
  const { world, csm, ana, partner, partnerPath } = await openConsole(t);
  const requiredFrom = at('2027-01-20T00:00:00Z');
  const row = { mfa_policy: 'required', mfa_required_from: requiredFrom } as const;
  await world.env.db.transaction((tx) => tx.updateTable('partners').set(row).where('id', '=', partner.id).execute());
  assert.match(await read(csm, partnerPath), /Required from Jan 20, 2027, 12:00 AM UTC/);
  assert.match((await csm.get('/console/partners.csv')).text, /,required,2027-01-20T00:00:00Z,/);
  world.clock.at = requiredFrom;
  const browser = world.person();
  await browser.signIn(ana.email);
  assert.doesNotMatch((await browser.get('/enroll')).text, /Not now/);
});

test('a list comes with semicolons and a byte order mark where Excel wants them', async (t) => {
  const { csm, partnerPath } = await openConsole(t);
  const { text } = await csm.get(`${partnerPath}/people.csv`);
  const semicolons = await csm.get(`${partnerPath}/people.csv?separator=semicolon`);
  assert.match(text, /^email,name,/);
  assert.equal(semicolons.text.replace('\ufeff', ''), text.replaceAll(',', ';'));
  assert.match((await csm.get(partnerPath)).text, /people\.csv\?separator=semicolon/);
});
