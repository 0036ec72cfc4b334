import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enrollWithCodes, plain, refusalOn } from '../../../story.ts';
import { enterStaff, openConsole, read } from '../console-story.ts';

test('somebody who is disabled is deleted for good, with a reason, and the email is free after 30 days', async (t) => {
  const { world, csm, ana, anaPath, partnerPath } = await openConsole(t);
  await enrollWithCodes(world, world.person(), ana.email);
  assert.doesNotMatch((await csm.get(anaPath)).text, /\/delete"/, 'not offered while she can sign in');
  const early = await csm.post(`${anaPath}/delete`, { reason: 'left for good' });
  assert.equal(early.status, 403);
  assert.match(refusalOn(early.text), /Disable this person first/);
  assert.match(early.text, /value="left for good"/);

  await csm.post(`${anaPath}/disable`, { reason: 'left' });
  assert.match((await csm.get(anaPath)).text, /\/delete"/);
  assert.match(await read(csm, `${anaPath}/delete`), /All data of Ana Silva will be deleted.*You can’t undo this/);
  const silent = await csm.post(`${anaPath}/delete`, { reason: ' ' });
  assert.equal(silent.status, 400);
  assert.match(refusalOn(silent.text), /Enter a reason/);
  assert.equal((await world.env.db.read.selectFrom('users').select('id').where('id', '=', ana.id).execute()).length, 1);

  const done = await csm.post(`${anaPath}/delete`, { reason: 'left for good' });
  assert.equal(done.location, `${partnerPath}?done=deleted`);
  assert.match(await read(csm, done.location ?? ''), /Deleted\. The audit log keeps what happened\..*No one is here/);
  for (const path of [anaPath, `${anaPath}/delete`]) assert.equal((await csm.get(path)).status, 404);
  const last = (await world.events()).at(-1);
  assert.deepEqual([last?.action, last?.subject, last?.detail.reason], ['user.deleted', ana.id, 'left for good']);
  const again = { email: ana.email, name: 'Another Ana', role: 'member' };
  const reserved = await csm.post(`${partnerPath}/people/new`, again);
  assert.equal(reserved.status, 400);
  assert.match(refusalOn(reserved.text), /is reserved for 30 days/);
  world.clock.at += 30 * 24 * 60 * 60;
  const later = await enterStaff(world, 'csm', 'kim@portal.example');
  assert.equal((await later.post(`${partnerPath}/people/new`, again)).status, 303);
  assert.match(plain((await later.get(partnerPath)).text), /Another Ana ana@acme\.example Invited/);
});
