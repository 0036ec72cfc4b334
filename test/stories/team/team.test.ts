import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plain } from '../../story.ts';
import { PASSWORD, type World } from '../../world.ts';
import { read } from '../console/console-story.ts';
import { enter, enterManager, openTeam, rowsOfPerson } from './team-story.ts';

const DAY = 24 * 60 * 60;

/** The path of somebody on the list of the team. */
async function pathTo(mia: Awaited<ReturnType<typeof openTeam>>['mia'], email: string): Promise<string> {
  const { text } = await mia.get('/team');
  const found = [
    ...text.matchAll(/href="(\/team\/people\/[\w-]+)">[^<]*<\/a><br><span class="hint anywhere">([^<]+)/g),
  ];
  const path = found.find(([, , shown]) => shown === email)?.[1];
  assert.ok(path, `${email} is on the list`);
  return path;
}

async function kindsTo(world: World, email: string): Promise<string[]> {
  return (await world.mail()).filter(({ to }) => to === email).map(({ kind }) => kind);
}

test('a manager finds the team from home, and sees who has MFA in it and nobody else', async (t) => {
  const { mia } = await openTeam(t);
  assert.match((await mia.get('/')).text, /href="\/team"/);
  const team = await read(mia, '/team');
  assert.match(team, /1 of 2 have set up MFA/);
  assert.match(team, /Ana Silva ana@acme\.example Active Not set up never/);
  assert.match(team, /Mia Roth mia@acme\.example Active Manager Since/);
  assert.doesNotMatch(team, /nordlicht/i);
  assert.doesNotMatch(await read(mia, '/team?state=enrolled'), /ana@acme/);
  assert.doesNotMatch(await read(mia, '/team?q=mia'), /ana@acme/);
});

test('a member and staff have no team page, and a manager has no console', async (t) => {
  const { world, ana, mia } = await openTeam(t);
  const member = await enter(world, ana.email, await world.addAuthenticator(ana.id));
  assert.equal((await member.get('/team')).status, 403);
  assert.doesNotMatch((await member.get('/')).text, /href="\/team"/);
  assert.equal((await mia.get('/console/partners')).status, 403);
});

test('an invitation leads to a finished enrollment, and the list follows', async (t) => {
  const { world, mia } = await openTeam(t);
  await world.env.db.transaction((tx) => tx.updateTable('partners').set({ mfa_policy: 'required' }).execute());
  const sent = await mia.post('/team/invite', { email: ' Bo@Acme.example', name: 'Bo Lind', role: 'member' });
  assert.match(sent.location ?? '', /^\/team\/people\/[\w-]+\?done=invited$/);
  assert.match(await read(mia, sent.location ?? ''), /The invitation will be sent once.*Invited.*Not set up/);
  const [mail] = await world.mail();
  assert.deepEqual([mail?.kind, mail?.to], ['invitation', 'bo@acme.example']);
  const bo = world.person();
  const link = new URL(mail?.link ?? '').pathname;
  const accepted = await bo.post(link, { name: 'Bo Lind', password: 'quiet harbor seven lamps' });
  assert.equal(accepted.location, '/enroll');
  await bo.enroll(world.clock.at);
  assert.equal((await bo.get('/')).status, 200);
  assert.match(await read(mia, '/team'), /Bo Lind bo@acme\.example Active Since/);
  assert.equal((await world.person().get(link)).status, 404);
});

test('resending an invitation kills the one before, three times an hour at most', async (t) => {
  const { world, mia } = await openTeam(t);
  const { location = '' } = await mia.post('/team/invite', { email: 'bo@acme.example', name: '', role: 'member' });
  const path = location.split('?')[0] ?? '';
  const first = new URL((await world.mail())[0]?.link ?? '').pathname;
  assert.equal((await mia.post(`${path}/invitation`)).location, `${path}?done=resent`);
  const second = new URL((await world.mail())[0]?.link ?? '').pathname;
  assert.equal((await world.person().get(first)).status, 404);
  assert.equal((await world.person().get(second)).status, 200);
  for (let i = 0; i < 2; i++) assert.equal((await mia.post(`${path}/invitation`)).status, 303);
  const tooMany = await mia.post(`${path}/invitation`);
  assert.equal(tooMany.status, 429);
  assert.match(plain(tooMany.text), /Too many invitations in the last hour/);
});

test('C19 an invitation to an email that exists changes nothing there, and looks like any other', async (t) => {
  const { world, nora, mia } = await openTeam(t);
  await world.addAuthenticator(nora.id);
  const staff = await world.addUser({ email: 'chris@portal.example', role: 'csm' });
  const before = [await rowsOfPerson(world, nora.id), await rowsOfPerson(world, staff.id)];
  const fresh = await mia.post('/team/invite', { email: 'bo@acme.example', name: 'Bo', role: 'manager' });
  for (const email of [nora.email, staff.email]) {
    const met = await mia.post('/team/invite', { email, name: 'Bo', role: 'manager' });
    assert.deepEqual([met.status, met.location?.replace(/[\w-]{36}/, 'ID')], [303, '/team/people/ID?done=invited']);
    const [one = '', other = ''] = await Promise.all(
      [fresh, met].map(async ({ location = '' }) => plain((await mia.get(location)).text)),
    );
    assert.equal(one.replaceAll('bo@acme.example', email), other, 'the same page');
    assert.deepEqual(await kindsTo(world, email), ['invited_again']);
  }
  assert.deepEqual([await rowsOfPerson(world, nora.id), await rowsOfPerson(world, staff.id)], before);
  const team = await read(mia, '/team?state=invited');
  for (const email of ['bo@acme.example', nora.email, staff.email]) {
    assert.match(team, new RegExp(`Bo ${email} Invited Manager Not set up never`));
  }
  assert.match(await read(mia, '/team'), /1 of 5 have set up MFA/);
  assert.ok(
    (await world.events()).some(({ action, subject }) => action === 'invitation.to_existing' && subject === nora.id),
  );
});

test('C12 an invitation takes the same number of statements, whomever it meets', async (t) => {
  const { world, nora, mia } = await openTeam(t);
  const counts: number[] = [];
  for (const email of ['bo@acme.example', nora.email]) {
    await mia.get('/team/invite');
    let count = 0;
    const { transaction } = world.env.db;
    const counting = {
      transformQuery: ({ node }: { node: unknown }) => {
        count += 1;
        return node as never;
      },
      transformResult: async ({ result }: { result: unknown }) => result as never,
    };
    t.mock.method(world.env.db, 'transaction', (work: Parameters<typeof transaction>[0]) =>
      transaction((tx) => work(tx.withPlugin(counting) as typeof tx)),
    );
    assert.equal((await mia.post('/team/invite', { email, name: 'Bo', role: 'member' })).status, 303);
    t.mock.restoreAll();
    counts.push(count);
  }
  assert.ok((counts[0] ?? 0) >= 5);
  assert.equal(counts[1], counts[0]);
});

test('an invitation that met somebody is resent, changed and removed like any other, and becomes one once the email is free', async (t) => {
  const { world, nora, mia } = await openTeam(t);
  const { location = '' } = await mia.post('/team/invite', { email: nora.email, name: 'Nora', role: 'member' });
  const path = location.split('?')[0] ?? '';
  assert.equal((await mia.post(`${path}/role`)).location, `${path}?done=role`);
  assert.match(await read(mia, path), /Role Manager/);
  assert.equal((await mia.post(`${path}/invitation`)).status, 303);
  assert.deepEqual(await kindsTo(world, nora.email), ['invited_again', 'invited_again']);
  await world.env.db.transaction((tx) => tx.deleteFrom('users').where('id', '=', nora.id).execute());
  assert.equal((await mia.post(`${path}/invitation`)).status, 303);
  assert.equal((await kindsTo(world, nora.email))[0], 'invitation');
  assert.match(await read(mia, path), /nora@nordlicht\.example Role Manager Status Invited/);
  assert.equal((await mia.post(`${path}/remove`)).location, '/team?done=removed');
  assert.doesNotMatch(await read(mia, '/team'), /nora@/);
  const again = await mia.post('/team/invite', { email: 'ana@acme.example', name: 'Ana', role: 'member' });
  assert.equal(
    again.location,
    `${await pathTo(mia, 'ana@acme.example')}?done=invited`,
    'who is on the list stands there once',
  );
});

test('removing somebody signs them out for good, and staff can bring them back', async (t) => {
  const { world, ana, mia } = await openTeam(t);
  const secret = await world.addAuthenticator(ana.id);
  const browser = await enter(world, ana.email, secret);
  const path = await pathTo(mia, ana.email);
  assert.equal((await mia.post(`${path}/remove`)).location, `${path}?done=removed`);
  assert.equal((await browser.get('/')).status, 303);
  assert.equal((await world.person().signIn(ana.email)).status, 401);
  assert.match(await read(mia, path), /Disabled.*only|Removed: this person can’t sign in/);
  const event = (await world.events()).find(({ action }) => action === 'user.disabled');
  assert.deepEqual([event?.subject, event?.detail.reason], [ana.id, 'removed on the page of the team']);
});

test('a change of role ends the sessions of whom it meets, and the new role holds at the next sign-in', async (t) => {
  const { world, ana, mia } = await openTeam(t);
  const secret = await world.addAuthenticator(ana.id);
  const before = await enter(world, ana.email, secret);
  const path = await pathTo(mia, ana.email);
  await mia.post(`${path}/role`);
  assert.equal((await before.get('/')).status, 303);
  const manager = await enter(world, ana.email, secret);
  assert.equal((await manager.get('/team')).status, 200);
  await mia.post(`${path}/role`);
  assert.equal((await manager.get('/team')).status, 303);
});

test('nobody removes or demotes themselves, so a team with a manager keeps one', async (t) => {
  const { world, manager, mia } = await openTeam(t);
  const own = `/team/people/${manager.id}`;
  assert.match(await read(mia, own), /This is you/);
  for (const act of ['role', 'remove', 'remind']) assert.equal((await mia.post(`${own}/${act}`)).status, 403, act);
  assert.equal((await world.events()).filter(({ action }) => /role_changed|disabled/.test(action)).length, 0);
});

test('a reminder goes out once a day, to somebody who can set up MFA and has not', async (t) => {
  const { world, partner, ana, mia } = await openTeam(t);
  const second = await enterManager(world, partner.id, 'max@acme.example');
  const path = `/team/people/${ana.id}`;
  assert.equal((await mia.post(`${path}/remind`)).location, `${path}?done=reminded`);
  assert.equal((await mia.post(`${path}/remind`)).status, 429);
  assert.equal((await second.browser.post(`${path}/remind`)).status, 429, 'no matter who asks');
  assert.deepEqual(await kindsTo(world, ana.email), ['set_up_asked']);
  world.clock.at += DAY - 1;
  const later = await enter(world, second.email, second.secret);
  assert.equal((await later.post(`${path}/remind`)).status, 303);
  assert.equal((await later.post(`/team/people/${second.id}/remind`)).status, 403, 'has one');
});

test('C14 C19 somebody of another partner, of staff, or nobody is not found, whatever is asked', async (t) => {
  const { world, nora, mia } = await openTeam(t);
  const staff = await world.addUser({ email: 'chris@portal.example', role: 'csm' });
  const before = [await rowsOfPerson(world, nora.id), await rowsOfPerson(world, staff.id)];
  await mia.get('/team/invite');
  for (const id of [nora.id, staff.id, 'nobody', world.env.newId()]) {
    assert.equal((await mia.get(`/team/people/${id}`)).status, 404);
    for (const act of ['invitation', 'role', 'remove', 'remind']) {
      assert.equal((await mia.get(`/team/people/${id}/${act}`)).status, 404);
      await mia.get('/team/invite');
      assert.equal((await mia.post(`/team/people/${id}/${act}`)).status, 404, `${act} on ${id}`);
    }
  }
  assert.deepEqual([await rowsOfPerson(world, nora.id), await rowsOfPerson(world, staff.id)], before);
});

test('a manager cannot reset MFA or change the policy, and sees no recovery codes, sessions or log', async (t) => {
  const { ana, mia } = await openTeam(t);
  for (const path of [`/team/people/${ana.id}/reset-mfa`, '/team/policy', `/console/people/${ana.id}/reset-mfa`]) {
    assert.ok([403, 404].includes((await mia.get(path)).status), path);
  }
  assert.doesNotMatch(await read(mia, `/team/people/${ana.id}`), /recovery code|session|log/i);
});

test('a manager who was demoted in between does nothing more', async (t) => {
  const { world, ana, manager, mia } = await openTeam(t);
  const path = `/team/people/${ana.id}`;
  await mia.get(`${path}/remove`);
  await world.env.db.transaction((tx) =>
    tx.updateTable('users').set({ role: 'member' }).where('id', '=', manager.id).execute(),
  );
  assert.equal((await mia.post(`${path}/remove`)).status, 403);
  assert.equal((await world.api('POST', '/api/v1/sign-in', { email: ana.email, password: PASSWORD })).status, 200);
});

test('an invitation that says nothing that fits is shown again with what was typed', async (t) => {
  const { mia } = await openTeam(t);
  const refused = await mia.post('/team/invite', { email: 'bo at acme', name: 'Bo', role: 'member' });
  assert.equal(refused.status, 400);
  assert.match(refused.text, /value="bo at acme"/);
  assert.match(refused.text, /aria-invalid="true"/);
});
