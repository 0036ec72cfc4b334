import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trendOf } from '#features/console/rollout/roll-out.ts';
import { exemptPerson } from '#flows/administration/exemption.ts';
import { archivePartner, changeMfaPolicy } from '#flows/administration/partner-acts.ts';
import { setAdoptionDay } from '#store/partners/adoption.ts';
import { plain } from '../../story.ts';
import { START, type World } from '../../world.ts';
import { enterStaff, openConsole, read } from './console-story.ts';

const DAY = 24 * 60 * 60;
const TODAY = START - (START % DAY);
/** A day begins at 12:00 UTC. */
const NOON = TODAY + DAY / 2;

/** Partners by the days until MFA is required there, each with so many people without it. */
async function addPortal(world: World, days: Readonly<Record<string, readonly [number, number]>>) {
  const ids: Record<string, string> = {};
  for (const [slug, [inDays, people]] of Object.entries(days)) {
    const requiredFrom = NOON + inDays * DAY;
    const { id } = await world.addPartner({ slug, name: slug, policy: 'required', requiredFrom });
    for (let number = 0; number < people; number++) {
      await world.addUser({ email: `p${number}@${slug}.example`, name: `P${number}`, partnerId: id });
    }
    ids[slug] = id;
  }
  return ids;
}

/** The names of the list, in its order. */
async function names(browser: Awaited<ReturnType<typeof enterStaff>>, query = ''): Promise<readonly string[]> {
  const { text } = await browser.get(`/console/rollout${query}`);
  const list = text.slice(text.indexOf('id="list"'));
  return [...list.matchAll(/<a href="\/console\/partners\/[0-9a-f-]{36}">([^<]+)<\/a>/g)].map(([, name = '']) => name);
}

test('the console opens on the roll-out, which says how far everybody is', async (t) => {
  const { world, csm, ana } = await openConsole(t);
  assert.equal((await csm.get('/console')).location, '/console/rollout');
  await world.addAuthenticator(ana.id);
  await addPortal(world, { late: [-41, 2], soon: [5, 1], later: [70, 1] });
  const page = await read(csm, '/console/rollout');
  assert.match(page, /20% of people have set up MFA 1 of 5 people at 4 partner accounts/);
  assert.match(page, /Overdue 2 people 1 partner, for 40 days/);
  assert.match(page, /Due in the next 14 days 1 person 1 partner, 1 person in all/);
  assert.match(page, /No date yet 0 people at 1 partner with MFA off or optional/);
  assert.match(page, /Later 1 1 partner/);
});

test('what is overdue says for how long, also on its first day and for several partners', async (t) => {
  const { world, csm } = await openConsole(t);
  await addPortal(world, { late: [-1, 1] });
  assert.match(await read(csm, '/console/rollout'), /Overdue 1 person 1 partner, for less than a day/);
  assert.match(await read(csm, '/console/rollout'), /late Required 1 0% January 14, 2027 &lt;1 never/);
  await addPortal(world, { later: [-2, 1] });
  assert.match(await read(csm, '/console/rollout'), /Overdue 2 people 2 partners, for up to 1 day/);
  await addPortal(world, { latest: [-4, 1] });
  assert.match(await read(csm, '/console/rollout'), /Overdue 3 people 3 partners, for up to 3 days/);
});

test('ticked partners of the list go on to the change of many, with the dates of their list', async (t) => {
  const { world, csm } = await openConsole(t);
  const { soon, later } = await addPortal(world, { soon: [5, 1], later: [70, 1] });
  const { text } = await csm.get('/console/rollout?view=due&from=2027-01-01');
  const form = /<form method="get" action="\/console\/reminders"[\s\S]*?<\/form>/.exec(text)?.[0] ?? '';
  assert.match(
    form,
    /<input type="hidden" name="view" value="due"><input type="hidden" name="from" value="2027-01-01">/,
  );
  assert.match(form, /formaction="\/console\/bulk\/new">Change policy…</);
  for (const id of [soon, later]) assert.match(form, new RegExp(`type="checkbox" name="partner" value="${id}"`));
  const query = `view=due&from=2027-01-01&partner=${soon}&partner=${later}`;
  const page = await csm.get(`/console/bulk/new?${query}`);
  assert.match(plain(page.text), /Change 2 partners/);
  assert.match(page.text, new RegExp(`name="partners" value="${soon} ${later}"`));
  const file = await csm.get(`/console/rollout.csv?${query}&ticked=yes`);
  assert.match(file.text, /^slug,[^\n]*\r\n(?:soon|later),[^\n]*\r\n(?:soon|later),[^\n]*\r\n$/);
});

test('exempt people, archived partners and partners with everybody set up are in no number of what is overdue', async (t) => {
  const { world, csm } = await openConsole(t);
  const ids = await addPortal(world, { late: [-3, 2], gone: [-3, 1], done: [-3, 1] });
  await archivePartner(world.env, 'system', ids.gone ?? '');
  const people = await world.env.db.read.selectFrom('users').select(['id', 'partner_id']).execute();
  const [exempt] = people.filter(({ partner_id }) => partner_id === ids.late);
  const [enrolled] = people.filter(({ partner_id }) => partner_id === ids.done);
  await world.addAuthenticator(enrolled?.id ?? '');
  const until = world.clock.at + 3 * DAY;
  await exemptPerson(world.env, { id: exempt?.id ?? '', actor: 'system', reason: 'on leave', until });
  const page = await read(csm, '/console/rollout');
  assert.match(page, /Overdue 1 person 1 partner/);
  assert.match(page, /Exemptions ending in the next 14 days 1 person/);
  assert.deepEqual(await names(csm), ['late']);
  assert.deepEqual(await names(csm, '?view=exempt'), ['late']);
});

test('the overdue list is sorted by missing people, by the date, and by the days that are late', async (t) => {
  const { world, csm } = await openConsole(t);
  await addPortal(world, { few: [-50, 1], many: [-2, 3], some: [-20, 2] });
  assert.deepEqual(await names(csm), ['many', 'some', 'few']);
  assert.deepEqual(await names(csm, '?turned=yes'), ['few', 'some', 'many']);
  assert.deepEqual(await names(csm, '?sort=since'), ['few', 'some', 'many']);
  assert.deepEqual(await names(csm, '?sort=late'), ['few', 'some', 'many']);
  assert.deepEqual(await names(csm, '?sort=late&turned=yes'), ['many', 'some', 'few']);
  assert.deepEqual(await names(csm, '?sort=name'), ['few', 'many', 'some']);
  const { text } = await csm.get('/console/rollout?sort=late');
  assert.match(text, /aria-sort="descending"><a href="\/console\/rollout\?sort=late&amp;turned=yes#list">Days late</);
  assert.match(plain(text), /many Required 3 0% .{12,20} 1 never none/);
});

test('a policy without a date is overdue since it was set, and a later change does not begin it again', async (t) => {
  const { world, csm } = await openConsole(t);
  await changeMfaPolicy(world.env, 'system', 'acme', { policy: 'required' });
  world.clock.at += 3 * DAY;
  const again = await enterStaff(world, 'csm', 'dana@portal.example');
  await changeMfaPolicy(world.env, 'system', 'acme', { policy: 'required' });
  const since = new Date(START * 1000).toISOString().slice(0, 10);
  const { text } = await again.get('/console/rollout.csv');
  assert.match(text, new RegExp(`\r\nacme,[^,]+,required,${since},3,1,0,1,,\r\n$`));
  await changeMfaPolicy(world.env, 'system', 'acme', { policy: 'off' });
  await changeMfaPolicy(world.env, 'system', 'acme', { policy: 'required' });
  assert.match((await again.get('/console/rollout.csv')).text, /required,[0-9-]+,0,1,0,1,,\r\n$/);
  assert.equal((await csm.get('/console/rollout')).status, 303, 'the first session is over by then');
});

test('the weeks lead to the partners that are due in them, and the calendar has their day and their reminders', async (t) => {
  const { world, csm } = await openConsole(t);
  await addPortal(world, { next: [8, 2], after: [16, 1] });
  const day = (inDays: number) => new Date((TODAY + inDays * DAY) * 1000).toISOString().slice(0, 10);
  assert.deepEqual(await names(csm, `?view=due&from=${day(8)}&until=${day(8)}`), ['next']);
  assert.deepEqual(await names(csm, `?view=due&from=${day(9)}`), ['after']);
  assert.deepEqual(await names(csm, '?view=due'), ['next']);
  const { text } = await csm.get(`/console/rollout/calendar?month=${day(8).slice(0, 7)}`);
  const cell = (inDays: number) =>
    plain(new RegExp(`<time datetime="${day(inDays)}">.*?</li>(?=<li|</ol>)`, 's').exec(text)?.[0] ?? '');
  assert.match(cell(8), /1 partner due , 2 people missing next 2/);
  assert.match(cell(1), /Reminders 7 days before: 2 people/);
  assert.match(cell(2), /Reminders 14 days before: 1 person/);
  for (const month of ['2027-13', 'soon', '']) {
    assert.equal((await csm.get(`/console/rollout/calendar?month=${month}`)).status, 200);
  }
});

test('a member of staff looks after partners, and finds them under their own', async (t) => {
  const { world, csm, partnerPath, partner } = await openConsole(t);
  assert.match(await read(csm, '/console/rollout?view=mine'), /You don’t own a partner account yet/);
  const { id: owner } = await world.env.db.read
    .selectFrom('users')
    .select('id')
    .where('role', '=', 'csm')
    .executeTakeFirstOrThrow();
  await csm.get(`${partnerPath}/notes`);
  const saved = await csm.post(`${partnerPath}/notes`, { owner, notes: 'Call Nora\r\n<b>mornings</b>' });
  assert.equal(saved.location, `${partnerPath}?done=notes`);
  assert.match((await csm.get(partnerPath)).text, /Chris Meyer<br><span class="notes">Call Nora\n&lt;b&gt;mornings/);
  assert.deepEqual(await names(csm, '?view=mine'), ['Acme Telecom']);
  const rows = await world.env.db.read.selectFrom('audit_events').selectAll().orderBy('id').execute();
  const events = rows.slice(-2);
  assert.deepEqual(
    events.map(({ action, partner: about }) => [action, about]),
    [
      ['partner.owner_changed', partner.id],
      ['partner.notes_changed', partner.id],
    ],
  );
  assert.doesNotMatch(JSON.stringify(events), /mornings/, 'the log holds no notes');
  const long = await csm.post(`${partnerPath}/notes`, { owner, notes: 'x'.repeat(1001) });
  assert.deepEqual([long.status, /at most 1,000 characters/.test(long.text)], [400, true]);
  const ana = await world.env.db.read.selectFrom('users').select('id').where('role', '=', 'member').execute();
  const stranger = await csm.post(`${partnerPath}/notes`, { owner: ana[0]?.id ?? '', notes: '' });
  assert.deepEqual([stranger.status, /Choose a member of staff/.test(stranger.text)], [400, true]);
});

test('the letter is in both languages, with the date and the address of the help page', async (t) => {
  const { world, csm } = await openConsole(t);
  const ids = await addPortal(world, { next: [8, 1] });
  const { text } = await csm.get(`/console/partners/${ids.next}/letter`);
  assert.match(text, /<section class="letter" lang="en">.*<section class="letter" lang="de">/s);
  const day = (locale: string) =>
    new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }).format((TODAY + 8 * DAY) * 1000);
  assert.match(plain(text), new RegExp(`You’ll need it to sign in from ${day('en')}`));
  assert.match(plain(text), new RegExp(`Für die Anmeldung brauchen Sie es ab dem ${day('de')}`));
  assert.equal(text.match(/https:\/\/sign-in\.example\.com\/help\/set-up<\/a>/g)?.length, 2);
  assert.equal((await csm.get('/console/partners/none/letter')).status, 404);
});

test('the forecast goes on from the last thirty days, and is left out where it would be a guess', async (t) => {
  const days = (first: number, last: number) => [
    { day: TODAY - 30 * DAY, people: 100, enrolled: first },
    { day: TODAY, people: 100, enrolled: last },
  ];
  const { points, forecast } = trendOf(days(60, 65), START);
  assert.equal(Math.round(points ?? 0), 5);
  assert.deepEqual(forecast, { goal: 0.75, at: START + 60 * DAY });
  assert.equal(trendOf(days(65, 60), START).forecast, undefined);
  assert.equal(trendOf(days(60, 60.1), START).forecast, undefined, 'too far ahead');
  assert.equal(trendOf(days(100, 100), START).forecast, undefined);
  assert.equal(trendOf(days(60, 65).slice(1), START).points, undefined);
  const { world, csm, ana } = await openConsole(t);
  await world.addAuthenticator(ana.id);
  await world.env.db.transaction((tx) => setAdoptionDay(tx, { day: TODAY - 30 * DAY, people: 4, enrolled: 1 }));
  assert.match(await read(csm, '/console/rollout'), /100% of people .* up 75 points in 30 days/);
});

test('people of partners and managers get none of it', async (t) => {
  const { world, ana, partnerPath } = await openConsole(t);
  await world.addAuthenticator(ana.id);
  const person = world.person();
  await person.signIn(ana.email);
  for (const path of ['/console/rollout', '/console/rollout.csv', '/console/rollout/calendar', '/console/reminders']) {
    assert.notEqual((await person.get(path)).status, 200, path);
  }
  for (const path of ['letter', 'notes', 'reminders']) {
    assert.notEqual((await person.get(`${partnerPath}/${path}`)).status, 200, path);
  }
});
