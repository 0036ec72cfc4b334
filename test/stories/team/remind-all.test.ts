import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plain } from '../../story.ts';
import type { World } from '../../world.ts';
import { read } from '../console/console-story.ts';
import { enterManager, openTeam } from './team-story.ts';

const HOUR = 60 * 60;

/** Who got the mail of a manager, newest first. */
async function remindedOf(world: World): Promise<string[]> {
  return (await world.mail()).filter(({ kind }) => kind === 'set_up_asked').map(({ to }) => to);
}

test('a manager reminds everyone who is missing at once, and nobody else', async (t) => {
  const { world, partner, ana, nora, mia } = await openTeam(t);
  const cy = await world.addUser({ email: 'cy@acme.example', partnerId: partner.id, name: 'Cy Lund' });
  const has = await world.addUser({ email: 'di@acme.example', partnerId: partner.id });
  await world.addAuthenticator(has.id);
  await world.addUser({ email: 'invited@acme.example', partnerId: partner.id, password: undefined });
  const gone = await world.addUser({ email: 'gone@acme.example', partnerId: partner.id });
  const exempt = await world.addUser({ email: 'exempt@acme.example', partnerId: partner.id });
  await world.env.db.transaction(async (tx) => {
    await tx.updateTable('users').set({ disabled_at: 1 }).where('id', '=', gone.id).execute();
    const until = world.clock.at + 9 * 24 * HOUR;
    await tx.updateTable('users').set({ exempt_until: until }).where('id', '=', exempt.id).execute();
  });
  assert.match((await mia.get('/team')).text, /href="\/team\/remind"/);
  const before = await read(mia, '/team/remind');
  assert.match(before, /Remind 2 people.*Please set up two-factor authentication/);
  assert.match(before, /Ana Silva ana@acme\.example never/);
  assert.doesNotMatch(before, /invited@|gone@|exempt@|di@acme|nordlicht/);
  assert.equal((await mia.post('/team/remind')).location, '/team/remind?done=remindedAll');
  assert.deepEqual((await remindedOf(world)).toSorted(), [ana.email, cy.email]);
  const after = await read(mia, '/team/remind?done=remindedAll');
  assert.match(after, /The reminders will be sent once.*All 2 people without MFA were reminded in the last 24 hours/);
  assert.doesNotMatch(after, /ana@acme\.example never/);
  assert.doesNotMatch(await read(mia, `/team/people/${ana.id}`), /Last reminded never/);
  const events = (await world.events()).filter(({ action }) => action === 'user.reminded');
  assert.deepEqual(events.map(({ subject }) => subject).toSorted(), [ana.id, cy.id].toSorted());
  assert.equal((await remindedOf(world)).includes(nora.email), false);
});

test('nobody is reminded twice within a day, by whichever manager and page', async (t) => {
  const { world, partner, ana, mia } = await openTeam(t);
  const cy = await world.addUser({ email: 'cy@acme.example', partnerId: partner.id, name: 'Cy Lund' });
  assert.equal((await mia.post(`/team/people/${ana.id}/remind`)).status, 303);
  assert.match(
    await read(mia, '/team/remind'),
    /Remind 1 person.*1 person will be skipped: reminded in the last 24 hours/,
  );
  const other = await enterManager(world, partner.id, 'ole@acme.example');
  const sent = [mia, other.browser].map((browser) => browser.post('/team/remind'));
  for (const { status } of await Promise.all(sent)) assert.equal(status, 303);
  assert.deepEqual((await remindedOf(world)).toSorted(), [ana.email, cy.email]);
  assert.match(plain((await mia.post(`/team/people/${cy.id}/remind`)).text), /reminded in the last 24 hours/);
  world.clock.at += 24 * HOUR;
  const later = await enterManager(world, partner.id, 'pia@acme.example');
  await later.browser.post('/team/remind');
  assert.equal((await remindedOf(world)).length, 4);
});

test('a large team is reminded in parts, those who waited longest first', async (t) => {
  const { world, partner, ana, mia } = await openTeam(t);
  await mia.post(`/team/people/${ana.id}/remind`);
  const people = Array.from({ length: 201 }, (_, index) => `p${String(index).padStart(3, '0')}@acme.example`);
  for (const email of people) await world.addUser({ email, partnerId: partner.id, name: 'One of many' });
  assert.match(await read(mia, '/team/remind'), /Remind 200 people.*You can remind 1 more person after that/);
  await mia.post('/team/remind');
  assert.match(await read(mia, '/team/remind'), /Remind 1 person/);
  await mia.post('/team/remind');
  assert.equal(new Set(await remindedOf(world)).size, 202);
});

test('a member, staff and a stranger cannot remind a team or download it', async (t) => {
  const { world, ana } = await openTeam(t);
  const member = world.person();
  await member.signIn(ana.email);
  await member.post('/enroll/skip');
  for (const path of ['/team/remind', '/team/people.csv']) {
    assert.notEqual((await member.get(path)).status, 200);
    assert.equal((await world.person().get(path)).status, 303);
  }
  await member.post('/team/remind');
  assert.deepEqual(await remindedOf(world), []);
});
