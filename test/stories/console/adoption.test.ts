import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sealAuditTail } from '#features/operate/audit.ts';
import { noteAdoption } from '#features/operate/housekeeping.ts';
import { exemptPerson } from '#flows/administration/exemption.ts';
import { archivePartner, changeMfaPolicy } from '#flows/administration/partner-acts.ts';
import { disableUser } from '#flows/administration/person-acts.ts';
import { addEventDays } from '#store/partners/adoption.ts';
import { openConsole, read } from './console-story.ts';

const DAY = 24 * 60 * 60;

test('the curve has a point for each day that was noted, and ends with now', async (t) => {
  const { world, csm, ana, partner } = await openConsole(t);
  assert.match(await read(csm, '/console/adoption'), /The chart appears tomorrow/);
  await noteAdoption(world.env);
  await world.addAuthenticator(ana.id);
  await noteAdoption(world.env);
  await noteAdoption(world.env);
  const noted = await world.env.db.read.selectFrom('adoption_days').selectAll().execute();
  assert.deepEqual(
    noted.map(({ people, enrolled }) => [people, enrolled]),
    [[1, 1]],
    'one row a day, as the day left it',
  );
  await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
  world.clock.at += DAY;
  const page = await csm.get('/console/adoption').then(({ status }) => status);
  assert.equal(page, 303, 'a staff session is over by then');
  await world.env.db.transaction((tx) =>
    tx
      .updateTable('sessions')
      .set({ last_seen_at: world.clock.at, expires_at: world.clock.at + DAY })
      .execute(),
  );
  const { text } = await csm.get('/console/adoption');
  assert.match(text, /<svg class="chart"[^>]*role="img" aria-labelledby="curve-title curve-desc"/);
  assert.match(text, /<text class="label strong"[^>]*>1 with MFA<\/text>/);
  assert.match(text, /<text class="label"[^>]*>2 people<\/text>/);
  const { text: csv } = await csm.get('/console/adoption/days.csv?days=30');
  assert.match(csv, /^day,people,enrolled\r\n\d{4}-\d\d-\d\d,1,1\r\n\d{4}-\d\d-\d\d,2,1\r\n$/);
});

test('who is late is counted without those who are exempt, on the dashboard and in the list of partners', async (t) => {
  const { world, csm, ana, partner } = await openConsole(t);
  const acme = `/console/partners/${partner.id}`;
  await csm.get(`${acme}/policy`);
  await csm.post(`${acme}/policy`, { policy: 'now', from: '' });
  const bo = await world.addUser({ email: 'bo@acme.example', name: '=Bo', partnerId: partner.id });
  assert.match(await read(csm, '/console/adoption'), /2 people at 1 partner account must have an authenticator/);
  const exempt = { actor: 'system', reason: 'on leave', until: world.clock.at + DAY } as const;
  await exemptPerson(world.env, { id: ana.id, ...exempt });
  assert.match(await read(csm, '/console/adoption'), /1 person at 1 partner account must/);
  const { text } = await csm.get('/console/adoption/overdue.csv');
  assert.equal(text, "partner,email,name,lastSignInAt\r\nacme,bo@acme.example,'=Bo,\r\n");
  assert.match(await read(csm, '/console/partners?overdue=yes'), /1 partner account /);
  await exemptPerson(world.env, { id: bo.id, ...exempt });
  assert.match(await read(csm, '/console/adoption'), /Everyone required to has set up MFA or is exempt/);
  assert.match(await read(csm, '/console/partners?overdue=yes'), /No matches/);
  assert.equal((await csm.get('/console/adoption/overdue.csv')).text, 'partner,email,name,lastSignInAt\r\n');
});

test('nobody is late who cannot sign in, whose partner is archived, or whose day is still ahead', async (t) => {
  const { world, csm, ana, partner } = await openConsole(t);
  const [ahead, archived] = [
    await world.addPartner({ name: 'Ahead', slug: 'ahead', requiredFrom: world.clock.at + DAY }),
    await world.addPartner({ name: 'Archived', slug: 'archived' }),
  ];
  for (const { id: partnerId } of [ahead, archived]) {
    await world.addUser({ email: `bo@${partnerId}.example`, name: 'Bo', partnerId });
  }
  await archivePartner(world.env, 'system', archived.id);
  await changeMfaPolicy(world.env, 'system', 'acme', { policy: 'required' });
  const cy = await world.addUser({ email: 'cy@acme.example', partnerId: partner.id });
  await disableUser(world.env, { id: cy.id, actor: 'system', reason: 'left' });
  const dashboard = await read(csm, '/console/adoption');
  assert.match(dashboard, /1 person at 1 partner account must have an authenticator/);
  assert.doesNotMatch(dashboard, /Archived|Ahead/);
  const today = new Date(world.clock.at * 1000).toISOString().slice(0, 10);
  const days = (await csm.get('/console/adoption/days.csv')).text;
  assert.match(days, new RegExp(`${today},2,0\r\n$`), 'who is archived or disabled is in no curve');
  const late = async () => (await csm.get('/console/adoption/overdue.csv')).text.match(/[\w.]+@[\w.-]+/g);
  assert.deepEqual(await late(), [ana.email]);
});

test('the list of who is late goes on to its end, however long it is', async (t) => {
  const { world, csm, partner } = await openConsole(t);
  await changeMfaPolicy(world.env, 'system', 'acme', { policy: 'required' });
  const nothing = { sealed_password: null, locale: null, disabled_at: null, mfa_skipped_at: null };
  const others = {
    ...nothing,
    partner_id: partner.id,
    role: 'member' as const,
    name: 'Bo',
    created_at: world.clock.at,
  };
  const people = Array.from({ length: 1000 }, (_, index) => ({
    ...{ ...others, id: world.env.newId(), email: `bo${index}@acme.example` },
  }));
  await world.env.db.transaction((tx) => tx.insertInto('users').values(people).execute());
  const lines = (await csm.get('/console/adoption/overdue.csv')).text.trimEnd().split('\r\n');
  assert.equal(new Set(lines).size, 1002, 'a head, Ana and a thousand more');
});

test('sign-ins and refusals are counted once, as their events are sealed', async (t) => {
  const { world, csm, ana } = await openConsole(t);
  const secret = await world.addAuthenticator(ana.id);
  const person = world.person();
  await person.signIn(ana.email, 'not the password');
  await person.signIn(ana.email);
  await person.post('/sign-in/one-time-code', { code: '000000' });
  await person.post('/sign-in/one-time-code', { code: world.totp(secret) });
  assert.match(await read(csm, '/console/adoption'), /No one has signed in yet/);
  for (let times = 0; times < 2; times++) await sealAuditTail(world.env);
  const page = await read(csm, '/console/adoption');
  assert.match(page, /Sign-in methods Last 30 days: 2 /);
  assert.match(page, /One-time code from an app 2/);
  assert.match(page, /Refused sign-ins Last 30 days: 2 /);
  assert.match(page, /Wrong password 1 · 50%/);
  assert.match(page, /Wrong one-time code 1 · 50%/);
  const { text } = await csm.get('/console/adoption/sign-ins.csv');
  assert.match(text, /\r\n\d{4}-\d\d-\d\d,sign_in\.code_refused,code_incorrect,1\r\n/);
  assert.match(text, /\r\n\d{4}-\d\d-\d\d,sign_in\.completed,pwd otp mfa,2\r\n/);
});

test('the drawings count thirty days, and the file a year', async (t) => {
  const { world, csm } = await openConsole(t);
  const today = world.clock.at - (world.clock.at % DAY);
  const days = [0, 29, 30, 364].map((ago, index) => ({ day: today - ago * DAY, count: 10 ** index }));
  await world.env.db.transaction((tx) =>
    addEventDays(
      tx,
      days.map((day) => ({ ...day, action: 'sign_in.completed', reason: 'pwd' })),
    ),
  );
  assert.match(await read(csm, '/console/adoption'), /Sign-in methods Last 30 days: 11 /);
  const { text } = await csm.get('/console/adoption/sign-ins.csv');
  assert.equal(text.trimEnd().split('\r\n').length, 1 + days.length);
});
