import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isRefusal } from '#core/values/result.ts';
import { addPerson } from '#flows/administration/add-person.ts';
import { deleteUser } from '#flows/administration/delete-user.ts';
import { takeAuthenticators } from '#flows/administration/take-authenticators.ts';
import { enterStaff, openConsole, ROBIN, read } from '../../stories/console/console-story.ts';
import { openManagement } from '../../stories/management-api/management-story.ts';
import { enterManager } from '../../stories/team/team-story.ts';
import { refusalOn } from '../../story.ts';
import { PASSWORD, type World } from '../../world.ts';

const DAY = 24 * 60 * 60;
const WHY = { reason: 'x' };

type Call = Awaited<ReturnType<typeof openManagement>>['call'];

/** Disables and deletes a user, as any key with `users:write` can. */
async function remove(call: Call, id: string): Promise<void> {
  assert.equal((await call('POST', `/users/${id}/disable`, WHY)).status, 200);
  assert.equal((await call('POST', `/users/${id}/delete`, WHY)).status, 204);
}

/** A program's invitation, with everything in its answer. */
async function create(call: Call, email: string, role = 'manager') {
  const { status, body } = await call('POST', '/users', { email, partner: 'acme', role });
  return { status, reason: body.reason, url: body.invitationUrl, id: String(body.id) };
}

async function withEnrolledAna(t: TestContext, environment: Record<string, string> = {}) {
  const opened = await openManagement(t, environment);
  await opened.world.addAuthenticator(opened.ana.id);
  return opened;
}

test('a key does not become somebody with MFA by deleting and inviting them, in whatever spelling', async (t) => {
  const { world, ana, call } = await withEnrolledAna(t);
  await remove(call, ana.id);
  for (const email of ['ana@acme.example', ' ANA@Acme.Example ', 'Ana@ACME.example']) {
    const { status, reason, url } = await create(call, email);
    assert.deepEqual([status, reason, url], [400, 'email_reserved', undefined], email);
  }
  assert.equal((await world.mail()).filter(({ kind }) => kind === 'invitation').length, 0);
  world.clock.at += 30 * DAY;
  const later = await create(call, ana.email);
  assert.deepEqual([later.status, later.url], [200, undefined], 'by mail alone');
  assert.equal((await world.mail())[0]?.kind, 'invitation');
});

test('an international domain is one email in both its forms', async (t) => {
  const { world, partner, call } = await withEnrolledAna(t);
  const uma = await world.addUser({ email: 'uma@xn--bcher-kva.example', partnerId: partner.id });
  await world.addAuthenticator(uma.id);
  await remove(call, uma.id);
  for (const email of ['uma@bücher.example', 'uma@xn--bcher-kva.example', 'UMA@XN--BCHER-KVA.example']) {
    assert.equal((await create(call, email)).reason, 'email_reserved', email);
  }
});

test('a reset with an access code before the deletion does not free the email', async (t) => {
  const { ana, call } = await withEnrolledAna(t);
  const reset = { reason: 'x', checkedBy: 'video', checkNote: 'x' };
  assert.equal((await call('POST', `/users/${ana.id}/reset-mfa`, reset)).body.state, 'done');
  await remove(call, ana.id);
  assert.equal((await create(call, ana.email)).reason, 'email_reserved');
});

test('the link for an email that somebody without MFA had goes by mail alone, the second time too', async (t) => {
  const { world, ana, call } = await openManagement(t);
  await remove(call, ana.id);
  const again = await create(call, ana.email);
  assert.deepEqual([again.status, again.url], [200, undefined]);
  const resent = await call('POST', `/users/${again.id}/invitation`);
  assert.deepEqual([resent.status, resent.body.invitationUrl], [200, undefined]);
  const [mail] = await world.mail();
  assert.deepEqual([mail?.kind, mail?.to], ['invitation', ana.email]);
  assert.ok((await world.person().get(new URL(mail?.link ?? '').pathname)).text.includes(ana.email));
});

test('the link of an invitation that somebody else made is not answered to a key', async (t) => {
  const { world, partner, call } = await openManagement(t);
  const robin = await enterStaff(world, 'admin', ROBIN);
  const typed = { email: 'bo@acme.example', name: 'Bo', role: 'member' };
  const { location } = await robin.post(`/console/partners/${partner.id}/people/new`, typed);
  const id = location?.split('/').at(-1)?.split('?')[0];
  const resent = await call('POST', `/users/${id}/invitation`);
  assert.deepEqual([resent.status, resent.body.invitationUrl], [200, undefined]);
  assert.equal((await world.mail())[0]?.kind, 'invitation');
  const own = await create(call, 'cy@acme.example');
  assert.match(String((await call('POST', `/users/${own.id}/invitation`)).body.invitationUrl), /\/invitation\//);
});

test('an email that nobody has had is answered with its link, deleted or not before it was accepted', async (t) => {
  const { call } = await openManagement(t);
  const bo = await create(call, 'bo@acme.example');
  assert.match(String(bo.url), /\/invitation\//);
  await remove(call, bo.id);
  assert.match(String((await create(call, 'bo@acme.example')).url), /\/invitation\//);
});

test('an email that its owner has left for another one is no key to anything either', async (t) => {
  const { world, ana, call } = await openManagement(t);
  const browser = world.person();
  await browser.signIn(ana.email);
  await browser.get('/enroll');
  await browser.post('/enroll/skip');
  await browser.post('/step-up', { password: PASSWORD });
  await browser.get('/security/email');
  await browser.post('/security/email', { email: 'ana.new@acme.example', current: PASSWORD });
  const [mail] = await world.mail();
  assert.equal((await browser.post(new URL(mail?.link ?? '').pathname)).location, '/security');
  assert.equal((await create(call, ana.email)).reason, 'email_taken', 'she can go back to it');
  world.clock.at += 3 * DAY + 1;
  const later = await create(call, ana.email);
  assert.deepEqual([later.status, later.url], [200, undefined]);
});

test('neither the console nor a team gets round it; the operator, who has the database, may', async (t) => {
  const { world, partner, ana, csm, partnerPath } = await openConsole(t);
  await world.addAuthenticator(ana.id);
  await deleteUser(world.env, { id: ana.id, actor: 'command_line', reason: 'left' });
  const typed = { email: ana.email, name: 'Ana', role: 'member' };
  const refused = await csm.post(`${partnerPath}/people/new`, typed);
  assert.deepEqual([refused.status, await mailsTo(world, ana.email)], [400, 0]);
  assert.match(refusalOn(refused.text), /belonged to someone with MFA who was deleted/);
  const admin = await enterStaff(world, 'admin', ROBIN);
  assert.equal((await admin.post('/console/staff/new', { ...typed, role: 'csm' })).status, 400);

  const { browser: mia } = await enterManager(world, partner.id);
  const invited = await mia.post('/team/invite', typed);
  assert.equal(invited.status, 303, 'as for everybody: a manager does not learn who was deleted elsewhere');
  assert.match(await read(mia, '/team'), /ana@acme\.example/);
  assert.equal(await peopleWith(world, ana.email), 0);
  assert.equal(await mailsTo(world, ana.email), 0, 'there is nobody to tell');

  const person = { ...typed, role: 'member', partner: 'acme', password: undefined } as const;
  const added = await addPerson(world.env, 'command_line', person);
  assert.ok(!isRefusal(added) && added.invitation?.url !== undefined);
});

test('nobody takes a reserved email by changing their own to it', async (t) => {
  const { world, partner, ana, call } = await withEnrolledAna(t);
  await remove(call, ana.id);
  const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
  const browser = world.person();
  await browser.signIn(bo.email);
  await browser.get('/enroll');
  await browser.post('/enroll/skip');
  await browser.post('/step-up', { password: PASSWORD });
  await browser.get('/security/email');
  const asked = await browser.post('/security/email', { email: ana.email, current: PASSWORD });
  assert.equal(asked.location, '/security', 'the page says nothing of others');
  assert.deepEqual(
    (await world.mail()).filter(({ to }) => to === ana.email),
    [],
  );
});

test('a reset without a code by the operator leaves nothing to get round', async (t) => {
  const { world, ana, call } = await withEnrolledAna(t);
  await takeAuthenticators(world.env, { id: ana.id, actor: 'command_line', reason: 'lost' });
  await remove(call, ana.id);
  const again = await create(call, ana.email);
  assert.deepEqual([again.status, again.url], [200, undefined]);
});

async function mailsTo(world: World, email: string): Promise<number> {
  return (await world.mail()).filter(({ to }) => to === email).length;
}

async function peopleWith(world: World, email: string): Promise<number> {
  return (await world.env.db.read.selectFrom('users').select('id').where('email', '=', email).execute()).length;
}
