import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isRefusal } from '#core/values/result.ts';
import { addPerson } from '#flows/administration/add-person.ts';
import { archivePartner, restorePartner } from '#flows/administration/partner-acts.ts';
import { disableUser, makeResetLink } from '#flows/administration/person-acts.ts';
import { listUsers } from '#store/people/people-pages.ts';
import { userRecord } from '#wire/records.ts';
import { refusalOn } from '../../../story.ts';
import { callWithKey, makeKey } from '../../management-api/management-story.ts';
import { enterManager } from '../../team/team-story.ts';
import { openConsole, read } from '../console-story.ts';

/** A partner with an active, an invited and a disabled person, and a program. */
async function openPartner(t: TestContext) {
  const opened = await openConsole(t);
  const { world, partner } = opened;
  const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id, name: 'Bo', password: undefined });
  const cy = await world.addUser({ email: 'cy@acme.example', partnerId: partner.id, name: 'Cy' });
  const disabled = await disableUser(world.env, { id: cy.id, actor: 'command_line', reason: 'left' });
  assert.ok(!isRefusal(disabled));
  const { browser: mia } = await enterManager(world, partner.id);
  const { key } = await makeKey(world);
  const call = (method: string, path: string, body?: unknown) => callWithKey(world, { method, path, body, key });
  return { ...opened, bo, cy, mia, call };
}

type Opened = Awaited<ReturnType<typeof openPartner>>;

const EMAILS = ['ana@acme.example', 'bo@acme.example', 'cy@acme.example'];

/** The states of Ana, Bo and Cy in each channel. The team only while its manager can sign in. */
async function statesIn({ world, csm, mia, partnerPath, ana, bo, cy, call }: Opened, isOpen: boolean) {
  const { body } = await call('GET', '/users');
  const overApi = new Map(Object(body.data).map((user: { email: string; state: string }) => [user.email, user.state]));
  const onTerminal = (await listUsers(world.env.db.read)).map(userRecord);
  const csv = (await csm.get(`${partnerPath}/people.csv`)).text;
  const word = (text: string) => /\b(Active|Invited|Disabled)\b/.exec(text)?.[1]?.toLowerCase();
  const onConsole = [];
  for (const { id } of [ana, bo, cy])
    onConsole.push(word(/Status (\w+)/.exec(await read(csm, `/console/people/${id}`))?.[0] ?? ''));
  const list = await read(csm, partnerPath);
  const team = isOpen ? await read(mia, '/team') : list;
  const inList = (text: string) => EMAILS.map((email) => word(text.slice(text.indexOf(email))));
  return {
    api: EMAILS.map((email) => overApi.get(email)),
    commandLine: EMAILS.map((email) => onTerminal.find((user) => user.email === email)?.state),
    console: onConsole,
    list: inList(list),
    team: inList(team),
    csv: EMAILS.map((email) => /,(active|invited|disabled),/.exec(csv.slice(csv.indexOf(email)))?.[1]),
  };
}

test('the console, a team, the API and the command line say the same of everybody, archived or not', async (t) => {
  const opened = await openPartner(t);
  const { world, partner } = opened;
  for (const [channel, states] of Object.entries(await statesIn(opened, true))) {
    assert.deepEqual(states, ['active', 'invited', 'disabled'], channel);
  }
  await archivePartner(world.env, 'command_line', partner.id);
  for (const [channel, states] of Object.entries(await statesIn(opened, false))) {
    assert.deepEqual(states, ['disabled', 'disabled', 'disabled'], channel);
  }
  await restorePartner(world.env, 'command_line', partner.id);
  for (const [channel, states] of Object.entries(await statesIn(opened, false))) {
    assert.deepEqual(states, ['active', 'invited', 'disabled'], channel);
  }
});

test('a filter by state finds in the console, its export and a team whom it finds over the API', async (t) => {
  const { world, csm, mia, partner, partnerPath, call } = await openPartner(t);
  const among = (text: string) => EMAILS.filter((email) => text.includes(email));
  const found = async (state: string) => {
    const { body } = await call('GET', `/users?state=${state}`);
    const overApi = Object(body.data).map(({ email }: { email: string }) => email);
    return {
      api: EMAILS.filter((email) => overApi.includes(email)),
      console: among(await read(csm, `${partnerPath}?state=${state}`)),
      csv: among((await csm.get(`${partnerPath}/people.csv?state=${state}`)).text),
      team: among((await mia.get(`/team?state=${state}`)).text),
    };
  };
  const everywhere = (emails: readonly string[]) => ({ api: emails, console: emails, csv: emails, team: emails });
  assert.deepEqual(await found('disabled'), everywhere(['cy@acme.example']));
  assert.deepEqual(await found('invited'), everywhere(['bo@acme.example']));
  await archivePartner(world.env, 'command_line', partner.id);
  // Their manager cannot sign in any more.
  assert.deepEqual(await found('disabled'), { ...everywhere(EMAILS), team: [] });
  assert.deepEqual(await found('invited'), everywhere([]));
});

test('nobody is added to a partner that is archived, and no link goes to anybody there, by whichever channel', async (t) => {
  const { world, csm, partner, partnerPath, ana, bo, call } = await openPartner(t);
  const before = (await world.mail()).length;
  await archivePartner(world.env, 'command_line', partner.id);
  const typed = { email: 'new@acme.example', name: 'New', role: 'member', partner: 'acme' } as const;
  for (const password of [undefined, 'quiet harbor seven lamps']) {
    const added = await addPerson(world.env, 'command_line', { ...typed, password });
    assert.ok(isRefusal(added) && added.reason === 'partner_archived');
  }
  const { name, ...body } = typed;
  const overApi = await call('POST', '/users', body);
  assert.deepEqual([overApi.status, overApi.body.reason, name], [403, 'partner_archived', 'New']);
  assert.doesNotMatch((await csm.get(partnerPath)).text, /people\/new"/);
  const onConsole = await csm.post(`${partnerPath}/people/new`, { email: typed.email, name, role: 'member' });
  assert.equal(onConsole.status, 403);
  assert.match(refusalOn(onConsole.text), /This partner account is archived/);
  for (const path of [`/users/${bo.id}/invitation`, `/users/${ana.id}/password-link`]) {
    const { status, body: refused } = await call('POST', path);
    assert.deepEqual([status, refused.reason], [403, 'partner_archived'], path);
  }
  const link = await makeResetLink(world.env, { email: ana.email, actor: 'command_line' });
  assert.ok(isRefusal(link) && link.reason === 'partner_archived');
  assert.equal((await world.mail()).length, before);
  const people = await world.env.db.read.selectFrom('users').select('id').where('email', '=', typed.email).execute();
  assert.deepEqual(people, []);
});

test('the page of a person of an archived partner says so, and offers nothing that would not help', async (t) => {
  const { world, csm, partner, anaPath, cy } = await openPartner(t);
  await archivePartner(world.env, 'command_line', partner.id);
  assert.match(await read(csm, anaPath), /This partner account is archived: its people can’t sign in/);
  assert.doesNotMatch((await csm.get(anaPath)).text, /\/(enable|link|unlock|reset-mfa|exempt)"/);
  const cyPath = `/console/people/${cy.id}`;
  assert.match((await csm.get(cyPath)).text, /\/enable"/);
  assert.match(await read(csm, `${cyPath}/enable`), /can sign in once the partner account is restored/);
});

test('an invitation that no mail server can carry is said to wait', async (t) => {
  const { csm, partnerPath } = await openPartner(t);
  const invited = await csm.post(`${partnerPath}/people/new`, { email: 'new@acme.example', name: '', role: 'member' });
  assert.match(
    await read(csm, invited.location ?? ''),
    /The invitation will be sent once a mail server is set up\. Until then, it waits in the outbox/,
  );
});

test('with a mail server the same invitation is on its way', async (t) => {
  const mail = { SALLYPORT_SMTP_URL: 'smtp://localhost:2525', SALLYPORT_MAIL_FROM: 'portal@portal.example' };
  const { csm, partnerPath } = await openConsole(t, mail);
  const invited = await csm.post(`${partnerPath}/people/new`, { email: 'new@acme.example', name: '', role: 'member' });
  assert.match(await read(csm, invited.location ?? ''), /Invitation sent /);
});
