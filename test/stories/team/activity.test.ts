import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read } from '../console/console-story.ts';
import { enter, openTeam } from './team-story.ts';

test('a manager sees what managers did and what became of MFA, without addresses, reasons and names of staff', async (t) => {
  const { world, partner, elsewhere, ana, nora, mia } = await openTeam(t);
  await mia.post(`/team/people/${ana.id}/remind`);
  await mia.post(`/team/people/${ana.id}/role`);
  const staff = await world.addUser({ email: 'chris@portal.example', role: 'csm', name: 'Chris Staff' });
  const client = { requestId: 'r', address: '203.0.113.77', userAgent: 'Secret Browser' };
  await world.env.db.transaction(async (tx) => {
    const { appendEvent } = await import('#flows/runtime/append-event.ts');
    const add = (partnerId: string, subject: string) =>
      appendEvent(
        world.env,
        tx,
        {
          ...({ action: 'user.unlocked', actor: staff.id, subject, partner: partnerId } as const),
          detail: { reason: 'typed by staff' as never },
        },
        client as never,
      );
    await add(partner.id, ana.id);
    await add(elsewhere.id, nora.id);
  });
  const page = await mia.get('/team/activity');
  const text = await read(mia, '/team/activity');
  assert.match(text, /Lockouts cleared Support Ana Silva/);
  assert.match(text, /Person’s role changed Mia Roth Ana Silva/);
  assert.match(text, /MFA reminder sent Mia Roth Ana Silva/);
  assert.doesNotMatch(page.text, /203\.0\.113|Secret Browser|typed by staff|Chris|Nora|nordlicht|sign_in|user\./i);
});

test('C12 the activity shows an invitation to somebody with access elsewhere like any other', async (t) => {
  const { nora, mia } = await openTeam(t);
  const paths: string[] = [];
  const shown: number[] = [];
  for (const email of ['bo@acme.example', nora.email]) {
    const before = (await read(mia, '/team/activity')).split('Mia Roth').length;
    const { location = '' } = await mia.post('/team/invite', { email, name: 'Bo', role: 'member' });
    const path = location.split('?')[0] ?? '';
    paths.push(path);
    await mia.post(`${path}/invitation`);
    await mia.post(`${path}/role`);
    const activity = await read(mia, '/team/activity');
    shown.push(activity.split('Mia Roth').length - before);
    assert.match(activity, /Invitation sent Mia Roth –/);
    assert.doesNotMatch(activity, /Invitation sent Mia Roth (?!–)/, 'whom an invitation reached');
    await mia.post(`${path}/remove`);
  }
  assert.deepEqual(shown, [2, 2]);
  assert.doesNotMatch(await read(mia, '/team/activity'), /Bo |nora|nordlicht/i);
});

test('the activity is paged, and looks at a bounded part of a long log', async (t) => {
  const { world, partner, ana, mia } = await openTeam(t);
  await world.env.db.transaction(async (tx) => {
    const event = { action: 'user.reminded', outcome: 'success', partner: partner.id, subject: ana.id } as const;
    const { appendEvent } = await import('#flows/runtime/append-event.ts');
    for (let number = 0; number < 60; number++) {
      const { action, subject } = event;
      await appendEvent(
        world.env,
        tx,
        { action, actor: undefined, subject, partner: partner.id, detail: {} },
        undefined as never,
      );
    }
  });
  const first = await mia.get('/team/activity');
  assert.equal(first.text.split('MFA reminder sent').length - 1, 50);
  const next = /href="(\/team\/activity\?before=[^"]+)"/.exec(first.text)?.[1] ?? '';
  assert.equal((await mia.get(next)).text.split('MFA reminder sent').length - 1, 10);
});

test('only a manager sees the activity of a team', async (t) => {
  const { world, ana } = await openTeam(t);
  const member = await enter(world, ana.email, await world.addAuthenticator(ana.id));
  assert.equal((await member.get('/team/activity')).status, 403);
  assert.equal((await world.person().get('/team/activity')).status, 303);
});
