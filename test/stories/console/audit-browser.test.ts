import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eraseClients, noteVerification, sealAuditTail } from '#features/operate/audit.ts';
import { closeOverRefusals, flushRefusals } from '#features/operate/refusals.ts';
import { verifyAudit } from '#flows/audit/verify.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { tryPassword } from '../../security/limits/limits-story.ts';
import { CHRIS, enterStaff, lastEvents, openConsole, read } from './console-story.ts';

const DAY = 24 * 60 * 60;
const AUDIT = '/console/audit';

test('events are found by person, partner, action and day, with words beside their codes', async (t) => {
  const { world, csm, ana, partner, anaPath } = await openConsole(t);
  const other = await world.addPartner({ slug: 'other', name: 'Other & Sons' });
  const bo = await world.addUser({ email: 'bo@other.example', name: 'Bo Lind', partnerId: other.id });
  await csm.get(`${anaPath}/disable`);
  await csm.post(`${anaPath}/disable`, { reason: 'left the company' });
  await csm.post(`/console/people/${bo.id}/unlock`, { reason: 'called' });
  const all = await read(csm, AUDIT);
  assert.match(
    all,
    /Person disabled user\.disabled left the company Chris Meyer Ana Silva Acme Telecom 192\.0\.2\.7 Browser\/1/,
  );
  assert.match(all, /Lockouts cleared user\.unlocked/);
  const found = (query: string) => read(csm, `${AUDIT}?${query}`);
  for (const query of [
    `person=${ana.email}`,
    `person=${ana.id}`,
    `partner=${partner.id}`,
    'partner=acme',
    'partner=ACME+telecom',
  ]) {
    const page = await found(query);
    assert.match(page, /left the company/, query);
    assert.doesNotMatch(page, /Lockouts cleared user\.unlocked/, query);
  }
  const acts = await found(`person=${CHRIS}`);
  for (const act of [/left the company/, /user\.unlocked called/])
    assert.match(acts, act, 'what a person did is theirs too');
  assert.doesNotMatch(await found('action=user.unlocked'), /left the company/);
  const [today, tomorrow] = [0, DAY].map((later) =>
    new Date((world.clock.at + later) * 1000).toISOString().slice(0, 10),
  );
  assert.match(await found(`from=${today}&until=${today}`), /left the company/);
  assert.match(await found(`from=${tomorrow}`), /No matches/);
  assert.match(await found('person=nobody@acme.example'), /No one has this email address/);
  assert.match(await found('partner=nobody'), /No partner account has this name/);
  assert.match(await read(csm, anaPath), /Person disabled user\.disabled left the company/);
});

test('a day of the filter begins and ends at midnight, to the second', async (t) => {
  const { world, csm, ana, partner } = await openConsole(t);
  const midnight = world.clock.at - (world.clock.at % DAY);
  const event = { action: 'user.reminded', actor: 'system', subject: ana.id, partner: partner.id, detail: {} } as const;
  const now = world.clock.at;
  for (const at of [midnight - 1, midnight, midnight + DAY - 1, midnight + DAY]) {
    world.clock.at = at;
    await world.env.db.transaction((tx) => appendEvent(world.env, tx, event, undefined));
  }
  world.clock.at = now;
  const day = new Date(midnight * 1000).toISOString().slice(0, 10);
  await csm.get(`${AUDIT}/export`);
  const { text } = await csm.submit(`${AUDIT}/export`, {
    ...{ format: 'jsonl', action: 'user.reminded', from: day, until: day },
  });
  const times = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).at);
  assert.deepEqual(times, [`${day}T23:59:59Z`, `${day}T00:00:00Z`]);
});

test('an event that stands for a number of refusals says the number, on the page and in the export', async (t) => {
  const { world, csm, ana } = await openConsole(t);
  for (let tries = 1; tries <= 40; tries++) await tryPassword(world, ana.email, 'wrong');
  await flushRefusals(world.env);
  world.clock.at += 11 * 60;
  await closeOverRefusals(world.env);
  const text = await read(csm, `${AUDIT}?action=sign_in.password_refused&person=${ana.id}`);
  assert.match(text, /too_many_attempts · and 29 times more/);
  await csm.get(`${AUDIT}/export`);
  const led = await csm.post(`${AUDIT}/export`, { format: 'jsonl', action: 'sign_in.password_refused' });
  const exported = await csm.get(led.location ?? '');
  const [newest] = exported.text.split('\n');
  const { detail } = JSON.parse(newest ?? '');
  assert.deepEqual([detail.reason, detail.repeated, typeof detail.since], ['too_many_attempts', 29, 'number']);
});

test('every event stands on one page, the newest first', async (t) => {
  const { world, csm, ana, anaPath } = await openConsole(t);
  await csm.get(`${anaPath}/unlock`);
  for (let number = 0; number < 120; number++) {
    world.clock.at += 1;
    await csm.post(`${anaPath}/unlock`, { reason: `number ${number}.` });
  }
  for (const filter of [`person=${ana.id}`, 'action=user.unlocked', 'partner=acme']) {
    const seen: string[] = [];
    for (let path: string | undefined = `${AUDIT}?${filter}`; path !== undefined; ) {
      const { text }: { text: string } = await csm.get(path);
      seen.push(...Array.from(text.matchAll(/number (\d+)\./g), ([, number = '']) => number));
      path = /href="([^"]+)"[^>]*>Next page/.exec(text)?.[1]?.replaceAll('&amp;', '&');
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 120 }, (_, number) => String(119 - number)),
      filter,
    );
  }
});

test('a customer success manager reads what happens to partners, and nothing of staff and keys', async (t) => {
  const { world, csm } = await openConsole(t);
  const admin = await enterStaff(world, 'admin', 'robin@portal.example');
  await admin.post('/console/staff/new', { email: 'sam@portal.example', name: 'Sam', role: 'csm' });
  const { id = '' } =
    (await world.env.db.read
      .selectFrom('users')
      .select('id')
      .where('email', '=', 'sam@portal.example')
      .executeTakeFirst()) ?? {};
  assert.match(await read(admin, `${AUDIT}?person=${id}`), /Staff member added staff\.created/);
  for (const query of ['', `?person=${id}`, '?action=staff.created']) {
    assert.doesNotMatch(await read(csm, `${AUDIT}${query}`), /staff\.created/, query);
  }
  await csm.get(`${AUDIT}/export`);
  const { text } = await csm.submit(`${AUDIT}/export`, { format: 'jsonl' });
  assert.doesNotMatch(text, /staff\.created/);
});

test('an export holds what the filter lets through, is written down, and has no formula', async (t) => {
  const { world, csm, ana, anaPath } = await openConsole(t);
  await csm.get(`${anaPath}/unlock`);
  await csm.post(`${anaPath}/unlock`, { reason: '=1+1' });
  const page = await read(csm, `${AUDIT}/export?person=${ana.email}&action=user.unlocked`);
  assert.match(page, /Filter: Person: ana@acme\.example, Action: Lockouts cleared/);
  const asked = { person: ana.email, action: 'user.unlocked' };
  const csv = await csm.submit(`${AUDIT}/export`, { format: 'csv', ...asked });
  assert.equal(csv.headers.get('content-disposition'), 'attachment; filename="audit.csv"');
  assert.match(csv.text, /^id,at,action,outcome,[^\r]*\r\n[0-9a-f-]{36},[^,]*,user\.unlocked,success,[^\r]*\r\n$/);
  const [event] = await lastEvents(world, 1);
  assert.deepEqual(event?.action, 'audit.exported');
  assert.deepEqual(event?.detail, { format: 'csv', person: ana.id, about: 'user.unlocked' });
  const lines = (await csm.submit(`${AUDIT}/export`, { format: 'jsonl', ...asked })).text.trim().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).detail),
    [{ reason: '=1+1' }],
  );
  const before = (await world.events()).length;
  assert.equal((await csm.post(`${AUDIT}/export`, { format: 'csv', person: 'nobody@x.example' })).status, 303);
  assert.equal((await world.events()).length, before, 'what was not exported is not written down');
});

test('an export goes on to its end, however long it is', async (t) => {
  const { world, csm, ana, partner } = await openConsole(t);
  const event = { action: 'user.reminded', actor: 'system', subject: ana.id, partner: partner.id, detail: {} } as const;
  await world.env.db.transaction(async (tx) => {
    for (let number = 0; number < 1100; number++) await appendEvent(world.env, tx, event, undefined);
  });
  await csm.get(`${AUDIT}/export`);
  for (const filter of [{ action: 'user.reminded' }, { person: ana.email, action: 'user.reminded' }]) {
    const { text } = await csm.submit(`${AUDIT}/export`, { format: 'jsonl', ...filter });
    const ids = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).id);
    assert.deepEqual([ids.length, new Set(ids).size], [1100, 1100]);
  }
});

test('what the server does by itself is called automatic', async (t) => {
  const { world, csm, ana, partner } = await openConsole(t);
  const event = { action: 'user.reminded', actor: 'system', subject: ana.id, partner: partner.id, detail: {} } as const;
  await world.env.db.transaction((tx) => appendEvent(world.env, tx, event, undefined));
  assert.match(await read(csm, AUDIT), /MFA reminder sent user\.reminded Automatic /);
});

test('the chain says what is sealed, what is not, and how the last verification went', async (t) => {
  const { world, csm } = await openConsole(t);
  assert.match(await read(csm, AUDIT), /Last sealed nothing yet Not sealed yet \d+ events Last verified never/);
  await sealAuditTail(world.env);
  assert.match(await read(csm, AUDIT), /batch 1 Not sealed yet none/);
  await noteVerification(world.env, await verifyAudit(world.env), 1200);
  assert.match(
    await read(csm, AUDIT),
    /Last verified intact .*, on the command line \d+ events checked: the whole log\. The last one is [0-9a-f-]{36} \. It took 1\.2 s\./,
  );
  world.clock.at += 60;
  await world.env.db.transaction((tx) =>
    tx.updateTable('audit_events').set({ at: 5 }).where('batch', '=', 1).execute(),
  );
  await noteVerification(world.env, await verifyAudit(world.env), 5);
  assert.match(await read(csm, AUDIT), /not intact : \d+ differences found, the first in batch 1/);
});

test('an address that was erased is said to be erased', async (t) => {
  const { world, csm, ana, anaPath } = await openConsole(t);
  await csm.get(`${anaPath}/unlock`);
  await csm.post(`${anaPath}/unlock`, { reason: 'called' });
  await eraseClients(world.env, { before: world.clock.at + 1, actor: 'command_line' });
  const page = await read(csm, `${AUDIT}?person=${ana.id}&action=user.unlocked`);
  assert.match(page, /Ana Silva Acme Telecom erased/);
  assert.doesNotMatch(page, /192\.0\.2\.7/);
});
