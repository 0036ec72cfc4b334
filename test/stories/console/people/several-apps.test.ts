import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openWithEnrolledAna } from '../../../story.ts';
import { enter } from '../../team/team-story.ts';
import { enterStaff, read } from '../console-story.ts';

test('staff and the manager see how many apps somebody has, once in every list, and neither name nor secret', async (t) => {
  const { world, ana, partnerId, secret } = await openWithEnrolledAna(t);
  const other = await world.addAuthenticator(ana.id, 2);
  await world.env.db.transaction((tx) =>
    tx.updateTable('authenticators').set({ name: 'Phone of my mother' }).where('slot', '=', 2).execute(),
  );
  const mia = await world.addUser({ email: 'mia@acme.example', partnerId, role: 'manager', name: 'Mia Roth' });
  const manager = await enter(world, mia.email, await world.addAuthenticator(mia.id));
  const staff = await enterStaff(world, 'csm', 'chris@portal.example');
  const pages = [
    await read(staff, `/console/partners/${partnerId}`),
    await read(staff, `/console/people/${ana.id}`),
    await read(manager, '/team'),
    await read(manager, `/team/people/${ana.id}`),
  ];
  for (const text of pages) {
    assert.match(text, /Since January 15, 2027 2 apps/);
    assert.equal(text.match(/2 apps/g)?.length, 1);
    for (const hidden of ['Phone of my mother', secret, other]) assert.ok(!text.includes(hidden), hidden);
  }
  const people = (await staff.get(`/console/partners/${partnerId}/people.csv`)).text.trim().split('\n');
  assert.equal(people.filter((line) => line.includes(ana.email)).length, 1);
});
