import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callWithKey, makeKey, openManagement } from './management-story.ts';

const BO = { email: 'bo@acme.example', partner: 'acme' };

test('a creation asked for again under its name is answered again, and done once', async (t) => {
  const { world, call } = await openManagement(t);
  const first = await call('POST', '/users', BO, 'crm-4711');
  assert.equal(first.status, 200);
  assert.ok(first.body.invitationUrl);
  const events = (await world.events()).length;
  world.clock.at += 24 * 60 * 60 - 1;
  const again = await call('POST', '/users', { partner: BO.partner, email: BO.email }, 'crm-4711');
  assert.deepEqual([again.status, again.body], [200, first.body]);
  assert.equal((await world.events()).length, events);
  assert.equal((await world.mail()).length, 1);
});

test('another request under the same name is refused, and does nothing', async (t) => {
  const { world, call } = await openManagement(t);
  await call('POST', '/users', BO, 'crm-4711');
  const events = (await world.events()).length;
  const others: [string, object][] = [
    ['/users', { ...BO, name: 'Bo' }],
    ['/users', { ...BO, email: 'cy@acme.example' }],
    ['/partners', { name: 'Harbor' }],
  ];
  for (const [path, body] of others) {
    const { status, body: answer } = await call('POST', path, body, 'crm-4711');
    assert.deepEqual([status, answer.code], [422, 'idempotency_key_reused'], path);
  }
  assert.equal((await world.events()).length, events);
});

test('a name belongs to its key and lasts a day; without one each request is an act of its own', async (t) => {
  const { world, call } = await openManagement(t);
  const other = await makeKey(world);
  const body = { name: 'Harbor' };
  const first = await call('POST', '/partners', body, 'one');
  const theirs = await callWithKey(world, { method: 'POST', path: '/partners', body, ...other, idempotencyKey: 'one' });
  assert.equal(theirs.body.reason, 'name_taken');
  assert.equal((await call('POST', '/partners', body)).body.reason, 'name_taken');
  world.clock.at += 24 * 60 * 60;
  assert.equal((await call('POST', '/partners', body, 'one')).body.reason, 'name_taken', 'the name is over');
  assert.equal((await call('POST', '/partners', { name: 'Harbor Two' }, 'one')).status, 200);
  assert.equal(first.status, 200);
});

test('an act that was refused left no trace of its name: corrected, it is done', async (t) => {
  const { call } = await openManagement(t);
  assert.equal((await call('POST', '/users', { ...BO, email: 'ana@acme.example' }, 'one')).body.reason, 'email_taken');
  assert.equal((await call('POST', '/users', BO, 'one')).status, 200);
});

test('a reset of MFA asked for again answers the same code, and does not reset again', async (t) => {
  const { world, call, ana } = await openManagement(t);
  await world.addAuthenticator(ana.id);
  const body = { reason: 'lost phone', checkedBy: 'callback', checkNote: 'office number' };
  const first = await call('POST', `/users/${ana.id}/reset-mfa`, body, 'ticket-1');
  await world.addAuthenticator(ana.id);
  const again = await call('POST', `/users/${ana.id}/reset-mfa`, body, 'ticket-1');
  assert.deepEqual(again.body, first.body);
  assert.equal(Object((await call('GET', `/users/${ana.id}`)).body.mfa).enrolled, true);
});

test('the same act on somebody else is another request: the first answer is not theirs', async (t) => {
  const { world, call, ana, partner } = await openManagement(t);
  const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
  const reset = { reason: 'lost phone', checkedBy: 'callback', checkNote: 'office number' };
  for (const { id } of [ana, bo]) assert.equal((await call('POST', `/users/${id}/reset-mfa`, reset)).status, 200);
  const invited = [];
  for (const email of ['cy@acme.example', 'di@acme.example'])
    invited.push(await world.addUser({ email, partnerId: partner.id, password: undefined }));
  const [cy, di] = invited;
  const acts: [name: string, body: object, one: string | undefined, other: string | undefined][] = [
    ['reset-mfa', reset, ana.id, bo.id],
    ['access-code', {}, ana.id, bo.id],
    ['invitation', {}, cy?.id, di?.id],
  ];
  for (const [name, body, one, other] of acts) {
    assert.equal((await call('POST', `/users/${one}/${name}`, body, name)).status, 200, name);
    const events = (await world.events()).length;
    const refused = await call('POST', `/users/${other}/${name}`, body, name);
    assert.deepEqual([refused.status, refused.body.code], [422, 'idempotency_key_reused'], name);
    assert.equal((await world.events()).length, events, name);
  }
});

test('what is kept of an answer is sealed: neither its link nor its name can be read', async (t) => {
  const { world, call } = await openManagement(t);
  const { body } = await call('POST', '/users', BO, 'crm-4711');
  const rows = JSON.stringify(await world.env.db.read.selectFrom('idempotent_calls').selectAll().execute());
  assert.ok(!rows.includes(String(body.invitationUrl).split('/').at(-1) ?? '') && !rows.includes('crm-4711'));
  assert.ok(!rows.includes('bo@acme.example'));
});

test('a name that is no name is refused', async (t) => {
  const { call } = await openManagement(t);
  for (const name of ['x'.repeat(256), 'two words'])
    assert.equal((await call('POST', '/users', BO, name)).status, 400, name);
});
