import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noteDaysOfPartners } from '#features/operate/housekeeping.ts';
import { remindAsked } from '#features/operate/remind-now.ts';
import { remind } from '#features/operate/reminders.ts';
import { plain } from '../../story.ts';
import type { World } from '../../world.ts';
import { dress } from '../look/look-story.ts';
import { enterManager } from '../team/team-story.ts';
import { enterStaff, openConsole, read } from './console-story.ts';

const DAY = 24 * 60 * 60;

async function addLate(world: World, slug: string, people: number) {
  const { id: partnerId } = await world.addPartner({ slug, name: slug, policy: 'required' });
  for (let number = 0; number < people; number++) {
    await world.addUser({ email: `p${number}@${slug}.example`, name: `P${number}`, partnerId });
  }
  return partnerId;
}

async function mailed(world: World): Promise<readonly string[]> {
  const reminders = (await world.mail()).filter(({ kind }) => kind.startsWith('mfa_'));
  return reminders.map(({ kind, to }) => `${kind} ${to}`).toSorted();
}

test('ticked partners are reminded once, each person by one mail, and a second time only after a day', async (t) => {
  const { world, csm } = await openConsole(t);
  const [one, two] = [await addLate(world, 'one', 2), await addLate(world, 'two', 60)];
  await addLate(world, 'three', 1);
  const list = await csm.get('/console/rollout');
  assert.match(list.text, /<form method="get" action="\/console\/reminders"/);
  assert.match(list.text, new RegExp(`type="checkbox" name="partner" value="${one}"`));
  const page = await csm.get(`/console/reminders?partner=${one}&partner=${two}`);
  assert.match(plain(page.text), /Remind 62 people at 2 partners/);
  assert.match(plain(page.text), /Two-factor authentication is now required/);
  assert.deepEqual(await mailed(world), [], 'looking sends nothing');
  const sent = await csm.post('/console/reminders', { partners: `${one} ${two}` });
  assert.equal(sent.location, '/console/rollout?done=reminding');
  assert.match(await read(csm, '/console/rollout'), /being sent/);
  await Promise.all([remindAsked(world.env), remindAsked(world.env)]);
  assert.equal((await mailed(world)).length, 62);
  assert.equal(new Set(await mailed(world)).size, 62);
  const rows = await world.env.db.read.selectFrom('audit_events').selectAll().orderBy('id').execute();
  const events = rows.filter(({ action }) => action.includes('remind'));
  assert.deepEqual(
    events.map(({ action, partner, detail }) => [action, partner, JSON.parse(detail)]),
    [
      ['partners.reminder_requested', null, { partners: 2 }],
      ...[one, two].toSorted().map((id) => ['partner.reminded', id, { people: id === one ? 2 : 60 }]),
    ],
  );
  const again = await csm.get(`/console/reminders?partner=${one}`);
  assert.match(plain(again.text), /No one to remind .* 1 partner is left out: it was reminded in the last 24 hours/);
  const refused = await csm.post('/console/reminders', { partners: one });
  assert.equal(refused.status, 403);
  assert.match(plain(refused.text), /No one can be reminded now/);
  assert.match(await read(csm, `/console/partners/${one}`), /2 people reminded by staff · Chris Meyer/);
  world.clock.at += DAY;
  const next = await enterStaff(world, 'csm', 'dana@portal.example');
  await next.get(`/console/reminders?partner=${one}`);
  await next.post('/console/reminders', { partners: one });
  await remindAsked(world.env);
  assert.equal((await mailed(world)).length, 64);
});

test('the email is shown as the first partner of the list gets it, with its look', async (t) => {
  const { world, csm } = await openConsole(t);
  await addLate(world, 'one', 1);
  await dress(world, await addLate(world, 'two', 9));
  const page = plain((await csm.get('/console/reminders?view=overdue&all=yes')).text);
  assert.match(page, /The email, as two gets it/);
  assert.match(page, /signing in to Acme Access/);
});

test('all partners of a list are reminded by its filter, without ticking them', async (t) => {
  const { world, csm } = await openConsole(t);
  await addLate(world, 'one', 1);
  await addLate(world, 'two', 1);
  const page = await csm.get('/console/reminders?view=overdue&all=yes');
  assert.match(plain(page.text), /Remind 2 people at 2 partners/);
  await csm.post('/console/reminders', { view: 'overdue' });
  await remindAsked(world.env);
  assert.deepEqual(await mailed(world), ['mfa_overdue p0@one.example', 'mfa_overdue p0@two.example']);
});

test('ids that nobody can read remind nobody', async (t) => {
  const { world, csm } = await openConsole(t);
  await addLate(world, 'one', 1);
  await csm.get('/console/reminders?view=overdue&all=yes');
  const sent = await csm.post('/console/reminders', { partners: 'gone', view: 'overdue' });
  assert.equal(sent.location, '/console/rollout?nothing=ticked');
  await remindAsked(world.env);
  assert.deepEqual(await mailed(world), []);
});

test('a reminder reaches nobody who is exempt, invited, disabled, set up, or was reminded that day', async (t) => {
  const { world, csm } = await openConsole(t);
  const partnerId = await addLate(world, 'one', 2);
  const add = (name: string, more: { password?: undefined } = {}) =>
    world.addUser({ email: `${name}@one.example`, name, partnerId, ...more });
  await add('invited', { password: undefined });
  const [exempt, disabled, enrolled] = [await add('exempt'), await add('disabled'), await add('enrolled')];
  await world.addAuthenticator(enrolled.id);
  await world.env.db.transaction(async (tx) => {
    const { clock } = world;
    await tx
      .updateTable('users')
      .set({ exempt_until: clock.at + DAY })
      .where('id', '=', exempt.id)
      .execute();
    await tx.updateTable('users').set({ disabled_at: clock.at }).where('id', '=', disabled.id).execute();
    await tx
      .updateTable('users')
      .set({ reminded_at: clock.at - 60 })
      .where('email', '=', 'p1@one.example')
      .execute();
  });
  await csm.get(`/console/reminders?partner=${partnerId}`);
  await csm.post('/console/reminders', { partners: partnerId });
  await remindAsked(world.env);
  assert.deepEqual(await mailed(world), ['mfa_overdue p0@one.example']);
});

test('a partner whose policy was taken back meanwhile gets no reminder, and the request is over', async (t) => {
  const { world, csm } = await openConsole(t);
  const partner = await addLate(world, 'one', 1);
  await csm.get(`/console/reminders?partner=${partner}`);
  await csm.post('/console/reminders', { partners: partner });
  await world.env.db.transaction((tx) =>
    tx.updateTable('partners').set({ mfa_policy: 'off' }).where('id', '=', partner).execute(),
  );
  await remindAsked(world.env);
  assert.deepEqual(await mailed(world), []);
  const row = await world.env.db.read.selectFrom('partners').selectAll().where('id', '=', partner).executeTakeFirst();
  assert.equal(row?.remind_asked_at, null);
});

test('a button without a ticked row says so, and what is no id is ignored', async (t) => {
  const { world, csm } = await openConsole(t);
  await addLate(world, 'one', 1);
  const none = await csm.get('/console/reminders?partner=x+y');
  assert.equal(none.location, '/console/rollout?nothing=ticked');
  assert.equal((await csm.get('/console/rollout.csv?ticked=yes')).location, none.location);
  const page = await csm.get(none.location ?? '');
  assert.match(page.text, /role="alert"><h2>Select at least one partner in the list</);
  const { id } = await world.env.db.read
    .selectFrom('partners')
    .select('id')
    .where('slug', '=', 'one')
    .executeTakeFirstOrThrow();
  const file = await csm.get(`/console/rollout.csv?partner=${id}&ticked=yes`);
  assert.match(file.text, /^slug,name,.*\r\none,one,required,[^\n]*\r\n$/);
});

test('a partner’s own schedule decides when its people are reminded', async (t) => {
  const { world, csm, partner, partnerPath } = await openConsole(t);
  const requiredFrom = world.clock.at + 40 * DAY;
  await world.env.db.transaction((tx) =>
    tx
      .updateTable('partners')
      .set({ mfa_policy: 'required', mfa_required_from: requiredFrom })
      .where('id', '=', partner.id)
      .execute(),
  );
  await csm.get(`${partnerPath}/reminders`);
  const wrong = await csm.post(`${partnerPath}/reminders`, { days: 'soon' });
  assert.match(wrong.text, /<a href="#days">Enter up to 6 whole numbers/);
  const saved = await csm.post(`${partnerPath}/reminders`, { days: '2 30, 30' });
  assert.equal(saved.location, `${partnerPath}?done=reminders`);
  const [event] = (await world.events()).slice(-1);
  assert.deepEqual([event?.action, event?.detail], ['partner.reminders_changed', { days: [30, 2] }]);
  assert.match(
    await read(csm, partnerPath),
    /Reminder 30 days before the date .* Reminder 2 days before the date .* MFA is required from this day/,
  );
  const other = await world.addPartner({ slug: 'other', policy: 'required', requiredFrom });
  await world.addUser({ email: 'bo@other.example', partnerId: other.id });
  const own = async () => (await mailed(world)).filter((line) => line.endsWith('@acme.example'));
  const days: number[] = [];
  for (let day = 40; day >= -1; day--) {
    const before = (await own()).length;
    await remind(world.env);
    if ((await own()).length > before) days.push(day);
    world.clock.at += DAY;
  }
  assert.deepEqual(days, [30, 2, 0]);
  assert.equal((await mailed(world)).length - (await own()).length, 4, 'the other partner keeps 14, 7 and 1');
  const row = await world.env.db.read
    .selectFrom('partners')
    .selectAll()
    .where('id', '=', partner.id)
    .executeTakeFirstOrThrow();
  assert.equal(row.reminded_at, world.clock.at - 2 * DAY, 'the list shows the last one');
});

test('a manager does not remind whom the schedule reminded that day', async (t) => {
  const { world, ana, partner } = await openConsole(t);
  await world.env.db.transaction((tx) =>
    tx
      .updateTable('partners')
      .set({ mfa_policy: 'required', mfa_required_from: world.clock.at + 5 * DAY })
      .execute(),
  );
  await remind(world.env);
  assert.deepEqual(await mailed(world), [`mfa_reminder ${ana.email}`]);
  const { browser } = await enterManager(world, partner.id);
  await browser.get(`/team/people/${ana.id}`);
  assert.equal((await browser.post(`/team/people/${ana.id}/remind`)).status, 429);
});

test('the curve of a partner has a row for each day on which its people changed', async (t) => {
  const { world, ana, partner } = await openConsole(t);
  const noted = async () =>
    (await world.env.db.read.selectFrom('partner_days').selectAll().where('partner_id', '=', partner.id).execute())
      .toSorted((one, other) => one.day - other.day)
      .map(({ people, enrolled }) => [people, enrolled]);
  await noteDaysOfPartners(world.env);
  await noteDaysOfPartners(world.env);
  assert.deepEqual(await noted(), [[1, 0]]);
  await world.addAuthenticator(ana.id);
  await noteDaysOfPartners(world.env);
  assert.deepEqual(await noted(), [[1, 1]], 'the same day');
  world.clock.at += 3 * DAY;
  await noteDaysOfPartners(world.env);
  assert.deepEqual(await noted(), [[1, 1]], 'nothing changed');
  await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
  await noteDaysOfPartners(world.env);
  assert.deepEqual(await noted(), [
    [1, 1],
    [2, 1],
  ]);
  const staff = await enterStaff(world, 'csm', 'dana@portal.example');
  const { text } = await staff.get(`/console/partners/${partner.id}`);
  assert.match(text, /<svg class="chart spark"[^>]*aria-labelledby="share-title share-desc"/);
  assert.match(text, /from 100% to 50%/);
});
