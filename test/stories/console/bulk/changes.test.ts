import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { workOff } from '#flows/bulk/work.ts';
import { addPartners, eventsOf, policiesOf } from '../../../flows/bulk-story.ts';
import { plain } from '../../../story.ts';
import { openConsole, read } from '../console-story.ts';

const WHY = 'roll-out of spring';

/** The console with three more partners without MFA, one person each. */
async function open(t: TestContext) {
  const { world, csm, partner } = await openConsole(t);
  return { world, csm, acme: partner.id, partners: await addPartners(world, 3) };
}

type Opened = Awaited<ReturnType<typeof open>>;

/** From the form to the preview, whose address is answered. */
async function preview({ csm }: Opened, query: string, fields: Readonly<Record<string, string>>): Promise<string> {
  const page = await csm.get(`/console/bulk/new?${query}`);
  assert.equal(page.status, 200);
  const hidden = Object.fromEntries(
    [...page.text.matchAll(/<input type="hidden" name="(partners|filter)" value="([^"]*)"/g)].map((match) => [
      match[1] ?? '',
      (match[2] ?? '').replaceAll('&amp;', '&'),
    ]),
  );
  const { status, location } = await csm.post('/console/bulk/new', { ...hidden, from: '', ...fields });
  assert.equal(status, 303);
  assert.match(location ?? '', /^\/console\/bulk\/[0-9a-f-]{36}\/start$/);
  return location ?? '';
}

test('ticked partners are previewed, changed in the background, and put back', async (t) => {
  const opened = await open(t);
  const { world, csm, partners } = opened;
  const [first = '', second = ''] = partners;
  const list = await csm.get('/console/partners');
  assert.match(
    list.text,
    new RegExp(`<input type="checkbox" name="partner" value="${first}" aria-label="Select Partner 1">`),
  );
  const start = await preview(opened, `partner=${first}&partner=${second}`, { policy: 'date', from: '2027-03-01' });

  const page = await read(csm, start);
  assert.match(page, /Change 2 partners/);
  assert.match(page, /MFA required from March 1, 2027/);
  assert.match(page, /2 people, 2 without an authenticator/);
  assert.match(page, /Partner 1 Off MFA required from March 1, 2027/);
  assert.match(page, /Set up two-factor authentication for/, 'the mail is shown');
  assert.doesNotMatch(page, /Partner 3/);
  assert.match(await read(csm, `${start}?show=people`), /one@p1\.example Partner 1/);
  assert.deepEqual(await policiesOf(world), ['optional', 'off', 'off', 'off'], 'a preview changes nothing');

  const blank = await csm.post(start, { reason: ' ' });
  assert.equal(blank.status, 400);
  const { location: job = '' } = await csm.post(start, { reason: WHY });
  assert.equal(job, start.replace('/start', '?done=bulkStarted'));
  assert.match(await read(csm, job), /Running · 0 of 2 done/);
  await workOff(world.env);
  const path = job.split('?')[0] ?? '';
  assert.match(await read(csm, path), /Finished · 2 of 2 done 2 changed, 0 left unchanged, 0 failed/);
  assert.deepEqual(await policiesOf(world), ['optional', 'required', 'required', 'off']);
  assert.match(await read(csm, `/console/partners/${first}`), new RegExp(`MFA policy changed.*${WHY}`));

  const { location: undo = '' } = await csm.post(`${path}/undo`, { reason: 'too early' });
  await workOff(world.env);
  assert.match(await read(csm, undo), /Finished · 2 of 2 done/);
  assert.match(await read(csm, path), /This job was undone/);
  assert.deepEqual(await policiesOf(world), ['optional', 'off', 'off', 'off']);
  assert.equal((await csm.get(`${path}/undo`)).status, 200);
  assert.equal((await csm.post(`${path}/undo`, { reason: 'twice' })).location, path, 'a second undo leads to the job');
});

test('all that match a filter are changed, and nobody else; the filter is carried along', async (t) => {
  const opened = await open(t);
  const { world, csm } = opened;
  await world.addPartner({ slug: 'late', name: 'Partner late', policy: 'optional' });
  const list = await csm.get('/console/partners?q=partner&policy=off');
  assert.match(list.text, /href="\/console\/bulk\/new\?q=partner&amp;policy=off&amp;all=yes"/);
  assert.match(plain(list.text), /Change all 3 that match/);
  const page = await csm.get('/console/bulk/new?q=partner&policy=off&all=yes');
  assert.match(plain(page.text), /Change 3 partners/);
  assert.match(page.text, /href="\/console\/partners\?q=partner&amp;policy=off"/, 'the way back');
  const start = await preview(opened, 'q=partner&policy=off&all=yes', { policy: 'optional' });
  assert.match(await read(csm, start), /This change sends no emails/);
  // A partner that fits the filter only after the preview is not touched.
  await world.addPartner({ slug: 'newer', name: 'Partner newer', policy: 'off' });
  await csm.post(start, { reason: WHY });
  await workOff(world.env);
  const rows = await world.env.db.read.selectFrom('partners').select(['slug', 'mfa_policy']).orderBy('slug').execute();
  assert.deepEqual(
    rows.map(({ slug, mfa_policy }) => `${slug} ${mfa_policy}`),
    [...['acme optional', 'late optional', 'newer off', 'p1 optional', 'p2 optional', 'p3 optional']],
  );
});

test('an exempt person is missing neither in the sum of a preview nor in its rows', async (t) => {
  const opened = await open(t);
  const { world, csm, partners } = opened;
  await world.env.db.transaction((tx) =>
    tx
      .updateTable('users')
      .set({ exempt_until: world.clock.at + 1_000 })
      .where('partner_id', '=', partners[0] ?? '')
      .execute(),
  );
  const page = await read(
    csm,
    await preview(opened, `partner=${partners[0]}&partner=${partners[1]}`, { policy: 'now' }),
  );
  assert.match(page, /2 people, 1 without an authenticator/);
  assert.match(page, /Partner 1 Off MFA required now 1 0 Partner 2 Off MFA required now 1 1/);
});

test('sessions that would end are counted, and a preview of nothing is refused', async (t) => {
  const opened = await open(t);
  const { world, csm, partners } = opened;
  const person = world.person('192.0.2.44');
  await person.signIn('one@p1.example');
  const start = await preview(opened, `partner=${partners[0]}`, { policy: 'now' });
  assert.match(await read(csm, start), /1 session opened with the password alone will end right away/);
  const none = await csm.get('/console/bulk/new?q=x');
  assert.equal(none.status, 400);
  assert.match(plain(none.text), /Select at least one partner/);
  assert.equal((await csm.get('/console/bulk/new?q=nothing-like-it&all=yes')).status, 400);
});

test('a form without a date, or with a past one, comes back with what was chosen', async (t) => {
  const { csm, partners } = await open(t);
  await csm.get(`/console/bulk/new?partner=${partners[0]}`);
  for (const from of ['', '2020-01-01']) {
    const { status, text } = await csm.post('/console/bulk/new', {
      ...{ partners: partners[0] ?? '', filter: '', policy: 'date', from },
    });
    assert.equal(status, 400);
    assert.match(text, /aria-invalid="true"[^>]*>|href="#from"/);
    assert.match(text, new RegExp(`name="partners" value="${partners[0]}"`));
  }
});

test('reminders and dates of many are changed', async (t) => {
  const opened = await open(t);
  const { world, csm, partners } = opened;
  const query = partners.map((id) => `partner=${id}`).join('&');
  const start = await preview(opened, query, { policy: 'reminders', days: '3, 30' });
  assert.match(await read(csm, start), /Reminders, in days before the date: 30, 3/);
  await csm.post(start, { reason: WHY });
  const move = await preview(opened, query, { policy: 'move', from: '2027-05-01' });
  assert.match(await read(csm, move), /0 will change, 3 stay as they are.*Nothing would change/);
  await workOff(world.env);
  const rows = await world.env.db.read
    .selectFrom('partners')
    .select('reminder_days')
    .where('slug', 'like', 'p%')
    .execute();
  assert.deepEqual(new Set(rows.map((row) => row.reminder_days)), new Set(['30 3']));
  assert.equal((await eventsOf(world, 'partner.reminders_changed')).length, 3);
});

test('reminder days that cannot be read come back, and an empty field means only the mail of the date', async (t) => {
  const opened = await open(t);
  const { csm, partners } = opened;
  const page = await csm.get(`/console/bulk/new?partner=${partners[0]}`);
  assert.match(page.text, /<input[^>]* name="days"[^>]* value="14, 7, 1"/, 'the default is shown');
  const form = { partners: partners[0] ?? '', filter: '', policy: 'reminders', from: '' };
  const { status, text } = await csm.post('/console/bulk/new', { ...form, days: '14, 91' });
  assert.equal(status, 400);
  assert.match(text, /href="#days"/);
  assert.match(text, /value="14, 91"/);
  const start = await preview(opened, `partner=${partners[0]}`, { policy: 'reminders', days: '' });
  assert.match(await read(csm, start), /Reminders, in days before the date: none/);
});

test('a running job is stopped, a preview discarded, and both are in the list', async (t) => {
  const opened = await open(t);
  const { world, csm, partners } = opened;
  const start = await preview(opened, `partner=${partners[0]}`, { policy: 'optional' });
  const job = start.replace('/start', '');
  await csm.post(start, { reason: WHY });
  assert.equal((await csm.post(`${job}/stop`)).location, `${job}?done=bulkStopped`);
  await workOff(world.env);
  assert.match(await read(csm, job), /Stopped · 0 of 1 done/);
  const other = await preview(opened, `partner=${partners[0]}`, { policy: 'optional' });
  await csm.post(other.replace('/start', '/stop'));
  assert.equal((await csm.post(other, { reason: WHY })).location, other.replace('/start', ''));
  await workOff(world.env);
  assert.deepEqual(await policiesOf(world), ['optional', 'off', 'off', 'off']);
  assert.match(await read(csm, '/console/bulk'), /Change policies 0 of 1 done Stopped/);
});

test('the page of a job says how far its undo came, and offers another one', async (t) => {
  const opened = await open(t);
  const { world, csm, partners } = opened;
  const before = await policiesOf(world);
  const start = await preview(opened, `partner=${partners[0]}`, { policy: 'optional' });
  const job = start.replace('/start', '');
  await csm.post(start, { reason: WHY });
  await workOff(world.env);
  const { location: undo = '' } = await csm.post(`${job}/undo`, { reason: WHY });
  assert.match(await read(csm, job), /This job is being undone\./);
  assert.notDeepEqual(await policiesOf(world), before);
  await csm.post(undo.replace('?done=bulkStarted', '/stop'));
  const page = await csm.get(job);
  assert.match(plain(page.text), /The undo of this job was stopped: 0 of 1 partner was restored\./);
  assert.match(page.text, new RegExp(`href="${job}/undo"`));
  await csm.post(`${job}/undo`, { reason: WHY });
  await workOff(world.env);
  assert.match(await read(csm, job), /This job was undone\./);
  assert.deepEqual(await policiesOf(world), before);
});
