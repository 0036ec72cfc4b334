import assert from 'node:assert/strict';
import { test } from 'node:test';
import { disableUser } from '#flows/administration/person-acts.ts';
import { openManagement } from './management-story.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const DAY = 24 * 60 * 60;

const PASSKEYS = { policy: 'allowed', requiredFrom: null };

test('a program adds a partner, renames it, asks for MFA and is told what that ended', async (t) => {
  const { world, call, actor } = await openManagement(t);
  const added = await call('POST', '/partners', { name: 'Harbor Insurance' });
  assert.equal(added.status, 200);
  const { id } = added.body;
  assert.match(String(id), UUID_V7);
  const mfa = { policy: 'off', requiredFrom: null };
  const record = {
    id,
    slug: 'harbor-insurance',
    name: 'Harbor Insurance',
    mfa,
    passkeys: PASSKEYS,
    trustedDevices: false,
  };
  assert.deepEqual(added.body, record);
  const renamed = await call('POST', `/partners/${id}/name`, { name: 'Harbor Group' });
  assert.deepEqual(renamed.body, { ...record, name: 'Harbor Group' });
  assert.deepEqual((await call('GET', `/partners/${id}`)).body, renamed.body);

  const bo = await world.addUser({ email: 'bo@harbor.example', partnerId: String(id) });
  const browser = world.person();
  assert.equal((await browser.signIn(bo.email)).status, 303);
  const preview = await call('POST', `/partners/${id}/mfa/preview`, { policy: 'required' });
  assert.deepEqual(preview.body, { people: 1, missing: 1, exempt: 0, endsSessions: 1 });
  assert.equal((await browser.get('/')).status, 200, 'a preview changes nothing');
  const dated = await call('POST', `/partners/${id}/mfa`, { policy: 'required', requiredFrom: '2027-06-01' });
  assert.deepEqual(dated.body.mfa, { policy: 'required', requiredFrom: '2027-06-01T12:00:00Z' });
  assert.deepEqual(dated.body.ended, { sessions: 0, signIns: 0 });
  const now = await call('POST', `/partners/${id}/mfa`, { policy: 'required' });
  assert.deepEqual(now.body.mfa, { policy: 'required', requiredFrom: null });
  assert.deepEqual(now.body.ended, { sessions: 1, signIns: 0 });
  assert.equal((await browser.get('/')).status, 303);
  const own = (await world.events()).filter((event) => event.actor === actor).map(({ action }) => action);
  assert.deepEqual(own, ['partner.created', 'partner.renamed', ...Array(2).fill('partner.mfa_policy_changed')]);
});

test('an archived partner is in the list that asks for it alone, and comes back', async (t) => {
  const { call, partner } = await openManagement(t);
  const idsOf = async (query: string) =>
    Object(await call('GET', `/partners${query}`)).body.data.map((row: { id: string }) => row.id);
  assert.equal((await call('POST', `/partners/${partner.id}/archive`)).status, 200);
  assert.deepEqual(await idsOf(''), []);
  assert.deepEqual(await idsOf('?archived=true'), [partner.id]);
  const [ana] = Object((await call('GET', '/users?email=ana%40acme.example')).body).data;
  assert.equal(ana.state, 'disabled');
  assert.equal((await call('POST', `/partners/${partner.id}/restore`, {})).status, 200);
  assert.deepEqual(await idsOf('?policy=optional&slug=acme'), [partner.id]);
  assert.deepEqual(await idsOf('?policy=off'), []);
});

test('what does not fit a partner is refused with its reason, and changes nothing', async (t) => {
  const { call, partner, world } = await openManagement(t);
  const before = (await world.events()).length;
  const required = { policy: 'required' };
  const refused: [string, object, string | undefined][] = [
    ['/partners', { name: ' ' }, 'name'],
    ['/partners', { name: 'Another', slug: 'acme' }, 'slug_taken'],
    ['/partners', { name: 'Another', mfa: { policy: 'off', requiredFrom: '2027-06-01' } }, 'required_from'],
    [`/partners/${partner.id}/mfa`, { ...required, requiredFrom: '2027-06-01T11:00:00Z' }, 'required_from'],
    [`/partners/${partner.id}/mfa`, { ...required, requiredFrom: '2027-02-30' }, 'required_from'],
    [`/partners/${partner.id}/mfa`, { policy: 'always' }, undefined],
    [`/partners/${partner.id}/name`, {}, undefined],
  ];
  for (const [path, body, reason] of refused) {
    const answer = await call('POST', path, body);
    assert.deepEqual([answer.status, answer.body.code, answer.body.reason], [400, 'invalid_request', reason], path);
  }
  for (const path of ['', '/archive', '/restore'])
    assert.equal((await call(path === '' ? 'GET' : 'POST', `/partners/nobody${path}`)).status, 404);
  assert.equal((await world.events()).length, before);
});

test('a program invites somebody, who accepts; the answer is the record and the link', async (t) => {
  const { world, call, actor, partner } = await openManagement(t);
  const added = await call('POST', '/users', { email: ' Bo@Acme.example ', partner: 'acme', role: 'manager' });
  const { id, invitationUrl, ...rest } = added.body;
  assert.match(String(id), UUID_V7);
  assert.deepEqual(rest, {
    ...{ email: 'bo@acme.example', name: 'bo', role: 'manager', state: 'invited' },
    partner: { id: partner.id, slug: 'acme', name: 'Acme Telecom' },
    mfa: { enrolled: false, since: null },
  });
  const again = await call('POST', `/users/${id}/invitation`);
  assert.notEqual(again.body.invitationUrl, invitationUrl);
  const browser = world.person();
  assert.equal((await browser.get(new URL(String(invitationUrl)).pathname)).status, 404, 'the first link is dead');
  const path = new URL(String(again.body.invitationUrl)).pathname;
  assert.equal((await browser.post(path, { name: 'Bo', password: 'lantern otter velvet 9' })).status, 303);
  assert.equal((await call('GET', `/users/${id}`)).body.state, 'active');
  assert.equal((await call('POST', `/users/${id}/invitation`)).body.reason, 'accepted');
  const made = (await world.events()).filter((event) => event.actor === actor).map(({ action }) => action);
  assert.deepEqual(made, ['user.created', 'invitation.created', 'invitation.created']);
  assert.equal(
    (await call('POST', '/users', { email: 'bo@acme.example', partner: 'acme' })).body.reason,
    'email_taken',
  );
  assert.equal((await call('POST', '/users', { email: 'cy@acme.example', partner: 'nobody' })).status, 404);
});

test('a program disables, enables, unlocks and exempts, each with its reason in the audit log', async (t) => {
  const { world, call, ana, actor } = await openManagement(t);
  const until = new Date((world.clock.at + 30 * DAY) * 1000).toISOString();
  const acts: [string, object][] = [
    ['disable', { reason: 'left the company' }],
    ['enable', { reason: 'came back' }],
    ['unlock', { reason: 'called us' }],
    ['exemption', { reason: 'on a ship', until }],
    ['exemption/end', { reason: 'on land' }],
  ];
  const states = [];
  for (const [name, body] of acts) states.push((await call('POST', `/users/${ana.id}/${name}`, body)).body.state);
  assert.deepEqual(states, ['disabled', 'active', 'active', 'active', 'active']);
  const events = (await world.events()).filter((event) => event.actor === actor);
  assert.deepEqual(
    events.map(({ action, detail }) => [action, detail.reason]),
    [
      ['user.disabled', 'left the company'],
      ['user.enabled', 'came back'],
      ['user.unlocked', 'called us'],
      ['user.exempted', 'on a ship'],
      ['user.exemption_ended', 'on land'],
    ],
  );
  assert.equal((await call('POST', `/users/${ana.id}/disable`, { reason: ' ' })).body.reason, 'reason_missing');
  const never = { reason: 'x', until: 'soon' };
  assert.equal((await call('POST', `/users/${ana.id}/exemption`, never)).body.reason, 'until');
});

const rfc3339 = (at: number) => new Date(at * 1000).toISOString().replace('.000', '');
const RESET = { reason: 'lost phone', checkedBy: 'callback', checkNote: 'office number' };

test('a reset of MFA answers the code that the next set-up asks for', async (t) => {
  const { world, call, ana, actor } = await openManagement(t);
  await world.addAuthenticator(ana.id);
  const reset = await call('POST', `/users/${ana.id}/reset-mfa`, { ...RESET, codeMinutes: 30 });
  assert.deepEqual([reset.body.state, reset.body.endedSessions], ['done', 0]);
  assert.match(String(reset.body.accessCode), /^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/);
  assert.equal(reset.body.accessCodeExpiresAt, rfc3339(world.clock.at + 1800));
  assert.deepEqual((await call('GET', `/users/${ana.id}`)).body.mfa, { enrolled: false, since: null });
  const browser = world.person();
  await browser.signIn(ana.email);
  assert.equal((await browser.post('/enroll/access-code', { code: String(reset.body.accessCode) })).status, 303);
  const event = (await world.events()).find(({ action }) => action === 'user.mfa_reset');
  assert.deepEqual([event?.actor, event?.detail.checkedBy], [actor, 'callback']);
});

test('another access code takes the place of the one before, and asked for again under its name it is the same', async (t) => {
  const { world, call, ana } = await openManagement(t);
  const path = `/users/${ana.id}/access-code`;
  assert.equal((await call('POST', path, {})).body.reason, 'no_code', 'there was no reset');
  const first = await call('POST', `/users/${ana.id}/reset-mfa`, RESET);
  const second = await call('POST', path, { codeMinutes: 10 }, 'ticket-2');
  assert.equal(second.body.accessCodeExpiresAt, rfc3339(world.clock.at + 600));
  assert.deepEqual((await call('POST', path, { codeMinutes: 10 }, 'ticket-2')).body, second.body);
  for (const codeMinutes of [9, 1441, 10.5, '10'])
    assert.match(String((await call('POST', path, { codeMinutes })).body.detail), /codeMinutes/);
  const browser = world.person();
  await browser.signIn(ana.email);
  const give = (code: unknown) => browser.post('/enroll/access-code', { code: String(code) });
  assert.equal((await give(first.body.accessCode)).status, 422);
  assert.equal((await give(second.body.accessCode)).status, 303);
});

test('a link to set a password is mailed to its person, and no program sees it', async (t) => {
  const { world, call, ana, actor } = await openManagement(t);
  const sent = await call('POST', `/users/${ana.id}/password-link`);
  assert.deepEqual([sent.status, sent.body], [204, {}]);
  const [mail] = await world.mail();
  assert.deepEqual([mail?.kind, mail?.to], ['password_reset', ana.email]);
  const browser = world.person();
  const path = new URL(mail?.link ?? '').pathname;
  assert.equal((await browser.post(path, { password: 'harbour velvet otter 9' })).status, 303);
  const event = (await world.events()).find(({ action }) => action === 'link.created');
  assert.deepEqual([event?.actor, event?.subject, event?.detail], [actor, ana.id, { purpose: 'reset' }]);
  await call('POST', `/users/${ana.id}/disable`, { reason: 'left' });
  assert.equal((await call('POST', `/users/${ana.id}/password-link`)).body.reason, 'user_disabled');
});

test('somebody disabled is deleted for good, and nobody else', async (t) => {
  const { call, ana, world, actor } = await openManagement(t);
  const path = `/users/${ana.id}/delete`;
  assert.equal((await call('POST', path, { reason: 'left' })).body.reason, 'not_disabled');
  await call('POST', `/users/${ana.id}/disable`, { reason: 'left' });
  assert.equal((await call('POST', path, { reason: ' ' })).body.reason, 'reason_missing');
  assert.equal((await call('POST', path, { reason: 'asked to be forgotten' })).status, 204);
  assert.equal((await call('GET', `/users/${ana.id}`)).status, 404);
  assert.equal((await call('POST', path, { reason: 'again' })).status, 404);
  const event = (await world.events()).at(-1);
  assert.deepEqual([event?.action, event?.actor, event?.subject], ['user.deleted', actor, ana.id]);
});

test('where a second member of staff has to agree, a program only asks', async (t) => {
  const { world, call, ana } = await openManagement(t, { SALLYPORT_RESET_SECOND_APPROVER: 'on' });
  await world.addAuthenticator(ana.id);
  assert.deepEqual((await call('POST', `/users/${ana.id}/reset-mfa`, RESET)).body, { state: 'waiting' });
  assert.equal(Object((await call('GET', `/users/${ana.id}`)).body.mfa).enrolled, true);
  assert.equal((await call('POST', `/users/${ana.id}/reset-mfa`, RESET)).body.reason, 'waits');
});

test('staff are nobody to a key: not found, not listed, not touched', async (t) => {
  const { world, call } = await openManagement(t);
  const staff = await world.addUser({ email: 'chris@portal.example', role: 'csm' });
  for (const act of ['disable', 'enable', 'unlock', 'exemption/end'])
    assert.equal((await call('POST', `/users/${staff.id}/${act}`, { reason: 'x' })).status, 404, act);
  assert.equal((await call('POST', `/users/${staff.id}/reset-mfa`, RESET)).status, 404);
  assert.equal((await call('POST', `/users/${staff.id}/access-code`, {})).status, 404);
  assert.equal((await call('POST', `/users/${staff.id}/password-link`)).status, 404);
  const until = new Date((world.clock.at + DAY) * 1000).toISOString();
  assert.equal((await call('POST', `/users/${staff.id}/exemption`, { reason: 'x', until })).status, 404);
  await disableUser(world.env, { actor: 'command_line', email: staff.email, reason: 'so that it could be deleted' });
  assert.equal((await call('POST', `/users/${staff.id}/delete`, { reason: 'x' })).status, 404);
  assert.equal((await call('POST', `/users/${staff.id}/invitation`)).status, 404);
  assert.equal((await call('GET', `/users/${staff.id}`)).status, 404);
  assert.deepEqual((await call('GET', '/users?email=chris%40portal.example')).body.data, []);
  const bad = await call('POST', '/users', { email: 'x@acme.example', partner: 'acme', role: 'admin' });
  assert.equal(bad.status, 400);
});
