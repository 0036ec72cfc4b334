import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plain } from '../../../story.ts';
import type { Person, World } from '../../../world.ts';
import { enter } from '../../team/team-story.ts';
import { lastEvents, openConsole, read } from '../console-story.ts';

const NEW = 'ana.silva@acme.example';
const REASON = 'called back at the office';

async function edit(csm: Person, path: string, fields: { name?: string; email?: string; reason?: string }) {
  await csm.get(`${path}/edit`);
  return csm.post(`${path}/edit`, { name: 'Ana Silva', email: 'ana@acme.example', reason: '', ...fields });
}

async function mailOf(world: World, kind: string) {
  return (await world.mail()).find((one) => one.kind === kind);
}

async function rowOf(world: World, id: string) {
  const row = world.env.db.read.selectFrom('users').select(['email', 'name', 'email_proven', 'search_key']);
  return row.where('id', '=', id).executeTakeFirstOrThrow();
}

test('staff rename a person at once, without a mail, and the search finds the new name', async (t) => {
  const { world, ana, csm, anaPath } = await openConsole(t);
  const mails = (await world.mail()).length;
  assert.equal((await edit(csm, anaPath, { name: '  Ana   Özdemir ' })).location, `${anaPath}?done=edited`);
  assert.equal((await rowOf(world, ana.id)).name, 'Ana Özdemir');
  assert.match(await read(csm, `${anaPath}?done=edited`), /Name saved .* Person renamed by staff/);
  assert.match(await read(csm, '/console/find?q=ozdem'), /Ana Özdemir/);
  assert.equal((await world.mail()).length, mails);
  assert.deepEqual(
    (await lastEvents(world, 1)).map(({ action }) => action),
    ['user.renamed'],
  );
  assert.equal((await edit(csm, anaPath, { name: 'Ana Özdemir' })).location, anaPath, 'nothing to change');
});

test('a new email of a person with a password waits for that person, and staff get no password link to it', async (t) => {
  const { world, partner, ana, csm, anaPath } = await openConsole(t);
  assert.equal((await edit(csm, anaPath, { email: NEW, reason: REASON })).location, `${anaPath}?done=emailAsked`);
  assert.deepEqual(
    [(await mailOf(world, 'email_confirm_asked'))?.to, (await mailOf(world, 'email_change_asked'))?.to],
    [NEW, ana.email],
  );
  const asked = world.env.db.read.selectFrom('outbox').select('partner_id').where('kind', 'like', 'email_c%_asked');
  const looks = (await asked.execute()).map(({ partner_id }) => partner_id);
  assert.deepEqual(looks, [partner.id, partner.id], 'both mails have the look of the partner');
  assert.equal((await rowOf(world, ana.id)).email, ana.email);
  assert.match(await read(csm, anaPath), /New email ana\.silva@acme\.example waiting for their confirmation until/);
  // What a member of staff who wants the account would do next.
  const before = (await world.mail()).length;
  await csm.get(`${anaPath}/link`);
  await csm.post(`${anaPath}/link`);
  await world.person().post('/forgot-password', { email: NEW });
  const links = (await world.mail()).slice(0, (await world.mail()).length - before);
  assert.deepEqual(
    links.map(({ kind, to }) => [kind, to]),
    [['password_reset', ana.email]],
  );
});

test('the link of a change that staff asked for works only in the session of its person, after a fresh proof', async (t) => {
  const { world, partner, ana, csm, anaPath } = await openConsole(t);
  const secret = await world.addAuthenticator(ana.id);
  const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
  const other = await enter(world, bo.email, await world.addAuthenticator(bo.id));
  const browser = await enter(world, ana.email, secret);
  await edit(csm, anaPath, { email: NEW, reason: REASON });
  const link = new URL((await mailOf(world, 'email_confirm_asked'))?.link ?? '').pathname;
  assert.match(link, /^\/email-change\//);
  assert.match((await world.person().get(link)).location ?? '', /^\/sign-in\?return_to=/);
  assert.equal((await other.get(link)).status, 404);
  assert.equal((await csm.get(link)).status, 404, 'not for the member of staff either');
  assert.equal((await browser.get(link.replace('email-change', 'email'))).status, 404, 'no page without a proof');
  world.clock.at += 10 * 60;
  assert.equal((await browser.get(link)).location, '/step-up');
  await browser.post('/step-up', { code: world.totp(secret) });
  const page = plain((await browser.get(link)).text);
  assert.match(page, /Support asked to change .* ana\.silva@acme\.example .* only if you asked support/);
  assert.equal((await browser.post(link)).location, '/security');
  assert.deepEqual([(await rowOf(world, ana.id)).email, (await mailOf(world, 'email_changed'))?.to], [NEW, ana.email]);
  const revert = new URL((await mailOf(world, 'email_changed'))?.link ?? '').pathname;
  assert.match(revert, /^\/email-revert\//, 'the old email can bring itself back');
  assert.equal((await browser.post(link)).status, 404, 'once');
});

test('the email of an invited person moves at once with the invitation, and is not proven by that', async (t) => {
  const { world, partner, csm } = await openConsole(t);
  const people = `/console/partners/${partner.id}/people/new`;
  await csm.get(people);
  const { location = '' } = await csm.post(people, { email: 'kim@acme.exmaple', name: 'Kim', role: 'member' });
  const path = location?.split('?')[0] ?? '';
  const id = path.split('/').at(-1) ?? '';
  const old = new URL((await mailOf(world, 'invitation'))?.link ?? '').pathname;
  const fields = { name: 'Kim', email: 'kim@acme.example', reason: REASON };
  assert.equal((await edit(csm, path, fields)).location, `${path}?done=emailMoved`);
  const row = await rowOf(world, id);
  assert.deepEqual([row.email, row.email_proven], ['kim@acme.example', 0]);
  const invitation = await mailOf(world, 'invitation');
  assert.equal(invitation?.to, 'kim@acme.example');
  assert.equal((await mailOf(world, 'invitation_moved'))?.to, 'kim@acme.exmaple');
  assert.equal((await world.person().get(old)).status, 404, 'the link at the old email is dead');
  assert.equal((await world.person().get(new URL(invitation?.link ?? '').pathname)).status, 200);
  assert.deepEqual(
    (await lastEvents(world, 2)).map(({ action, detail }) => [action, 'reason' in detail]),
    [
      ['user.email_changed', true],
      ['invitation.created', false],
    ],
  );
});

test('a change of email needs a reason and a free email, and is not for people who cannot sign in', async (t) => {
  const { world, partner, ana, csm, anaPath } = await openConsole(t);
  const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id });
  const refused = async (fields: Parameters<typeof edit>[2]) => {
    const { status, text } = await edit(csm, anaPath, fields);
    return [status, /id="(\w+)-error"/.exec(text)?.[1]];
  };
  assert.deepEqual(await refused({ email: NEW }), [400, 'reason']);
  assert.deepEqual(await refused({ email: bo.email, reason: REASON }), [400, 'email']);
  assert.deepEqual(await refused({ email: 'no email', reason: REASON }), [400, 'email']);
  assert.deepEqual(await refused({ name: '', email: NEW, reason: REASON }), [400, 'name']);
  assert.equal((await edit(csm, anaPath, { name: 'Other', email: NEW })).status, 400);
  assert.equal((await rowOf(world, ana.id)).name, 'Ana Silva', 'all or nothing');
  await csm.get(`${anaPath}/disable`);
  await csm.post(`${anaPath}/disable`, { reason: 'left' });
  assert.match(await read(csm, `${anaPath}/edit`), /email can’t be changed while Ana Silva can’t sign in/);
  assert.equal((await edit(csm, anaPath, { email: NEW, reason: REASON })).status, 403);
  assert.equal((await edit(csm, anaPath, { name: 'Ana S.' })).location, `${anaPath}?done=edited`);
});
