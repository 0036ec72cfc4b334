import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exemptPerson } from '#flows/administration/exemption.ts';
import { changeMfaPolicy } from '#flows/administration/partner-acts.ts';
import { takeAuthenticators } from '#flows/administration/take-authenticators.ts';
import {
  codesOn,
  enrollWithCodes,
  pendingToken,
  refusalOn,
  secretOn,
  sendUnoffered,
  signInFully,
} from '../../../story.ts';
import { PASSWORD, type Person, type World } from '../../../world.ts';
import { enterStaff, lastEvents, openConsole, ROBIN, read } from '../console-story.ts';

const DAY = 24 * 60 * 60;
const WHY = { reason: 'lost phone', checked_by: 'callback', check_note: 'office number', minutes: '60' };

/** Resets a person's MFA with the form of the console. Answers the code that it shows. */
async function reset(csm: Person, anaPath: string, fields: Partial<typeof WHY> = {}): Promise<string> {
  const { status, text } = await csm.submit(`${anaPath}/reset-mfa`, { ...WHY, ...fields });
  assert.equal(status, 200);
  return /\b[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}\b/.exec(text)?.[0] ?? '';
}

/** From the password to the page that requires a code. */
async function startAgain(browser: Person, email: string): Promise<void> {
  await browser.signIn(email);
  await browser.get('/enroll');
  assert.equal((await browser.post('/enroll')).location, '/enroll/access-code');
}

function openAccount({ world, ana }: { world: World; ana: { email: string } }) {
  return enrollWithCodes(world, world.person(), ana.email);
}

test('a lost phone: the reset ends everything, tells the person, and the set-up asks for password and code', async (t) => {
  const { world, csm, ana, anaPath, ...rest } = await openConsole(t);
  const { secret } = await openAccount({ world, ana });
  const browser = world.person();
  await signInFully(world, browser, secret, ana.email);
  const code = await reset(csm, anaPath);
  assert.match(code, /^\S{19}$/);
  assert.equal((await browser.get('/')).status, 303);
  const [mail] = await world.mail();
  assert.deepEqual([mail?.kind, mail?.to, mail?.parameters], ['mfa_reset', ana.email, { withCode: true }]);
  assert.match(await read(csm, anaPath), /Required at the next set-up, valid until/);
  assert(!(await csm.get(anaPath)).text.includes(code), 'the code is shown once');

  await startAgain(browser, ana.email);
  assert.equal((await browser.get('/enroll/authenticator')).location, '/enroll');
  const wrong = await browser.post('/enroll/access-code', { code: '0000-0000-0000-0000' });
  assert.equal(wrong.status, 422);
  assert.match(refusalOn(wrong.text), /Access code is incorrect/);
  const right = await browser.post('/enroll/access-code', { code: code.toLowerCase().replaceAll('-', ' ') });
  assert.equal(right.location, '/enroll/authenticator');
  const fresh = secretOn((await browser.get('/enroll/authenticator')).text);
  assert.equal((await browser.post('/enroll/authenticator', { code: world.totp(fresh) })).status, 303);
  assert.equal(codesOn((await browser.get('/enroll/recovery-codes')).text).length, 10);
  assert.equal((await world.env.db.read.selectFrom('access_codes').selectAll().execute()).length, 0);
  const reset_ = (await world.events()).find(({ action }) => action === 'user.mfa_reset');
  const { reason, checkedBy, checkNote } = reset_?.detail ?? {};
  assert.deepEqual([reason, checkedBy, checkNote], ['lost phone', 'callback', 'office number']);
  assert(!JSON.stringify(await world.env.db.read.selectFrom('audit_events').selectAll().execute()).includes(code));
  assert(rest.partner.id);
});

test('a thief with the password alone gets no secret and no session, at the sign-in and over the API', async (t) => {
  const { world, csm, ana, anaPath } = await openConsole(t);
  await openAccount({ world, ana });
  await reset(csm, anaPath);
  const thief = world.person('198.51.100.9');
  await startAgain(thief, ana.email);
  const token = await pendingToken(world, ana.email);
  const start = await world.api('POST', '/api/v1/sign-in/enrollment', undefined, token);
  assert.deepEqual([start.status, start.body.code, start.body.secret], [403, 'access_code_required', undefined]);
  // The policy is optional, but "Not now" is not offered.
  const prompt = await thief.get('/enroll');
  assert.match(prompt.text, /Your authenticator was reset/);
  assert.doesNotMatch(prompt.text, /Not now/);
  assert.equal((await sendUnoffered(thief, '/enroll', '/enroll/skip')).status, 403);
  const skip = await world.api('POST', '/api/v1/sign-in/enrollment/skip', undefined, token);
  assert.equal(skip.status, 403);
  // Waiting until the code has expired does not help either.
  world.clock.at += 31 * DAY;
  await startAgain(world.person(), ana.email);
  const { read } = world.env.db;
  assert.equal((await read.selectFrom('enrollments').selectAll().execute()).length, 0);
  assert.equal((await read.selectFrom('sessions').selectAll().where('user_id', '=', ana.id).execute()).length, 0);
});

for (const way of ['off', 'required later', 'exempt', 'skipped before'] as const) {
  test(`while an access code waits, set-up is required although the person is asked for nothing: ${way}`, async (t) => {
    const { world, csm, ana, anaPath, partner } = await openConsole(t);
    if (way === 'skipped before') {
      const browser = world.person();
      await browser.signIn(ana.email);
      await browser.get('/enroll');
      assert.equal((await browser.post('/enroll/skip')).status, 303);
    }
    await world.addAuthenticator(ana.id);
    await reset(csm, anaPath);
    const later = { policy: 'required', requiredFrom: world.clock.at + 9 * DAY } as const;
    const choice = { off: { policy: 'off' }, 'required later': later, exempt: later } as const;
    if (way !== 'skipped before') await changeMfaPolicy(world.env, 'command_line', 'acme', choice[way]);
    const until = world.clock.at + 5 * DAY;
    if (way === 'exempt') await exemptPerson(world.env, { id: ana.id, actor: 'command_line', reason: 'at sea', until });
    const { body } = await world.api('POST', '/api/v1/sign-in', { email: ana.email, password: PASSWORD });
    assert.deepEqual([body.state, body.session], ['enrollment_required', undefined]);
    const skip = await world.api('POST', '/api/v1/sign-in/enrollment/skip', undefined, String(body.pendingToken));
    assert.equal(skip.status, 403);
    assert.ok(partner.id);
  });
}

test('after a reset without a code the prompt comes again, also to somebody who said “Not now” before', async (t) => {
  const { world, ana } = await openConsole(t);
  const browser = world.person();
  await browser.signIn(ana.email);
  await browser.get('/enroll');
  assert.equal((await browser.post('/enroll/skip')).status, 303);
  await takeAuthenticators(world.env, { id: ana.id, actor: 'command_line', reason: 'lost phone' });
  const { body } = await world.api('POST', '/api/v1/sign-in', { email: ana.email, password: PASSWORD });
  assert.equal(body.state, 'enrollment_offered');
});

test('the code opens one sign-in, over the API too, and no second one', async (t) => {
  const { world, csm, ana, anaPath } = await openConsole(t);
  await openAccount({ world, ana });
  const code = await reset(csm, anaPath);
  const [one, other] = [await pendingToken(world, ana.email), await pendingToken(world, ana.email)];
  const give = (token: string) => world.api('POST', '/api/v1/sign-in/enrollment/access-code', { code }, token);
  assert.equal((await give(one)).status, 204);
  assert.deepEqual([(await give(other)).status, (await give(other)).body.code], [422, 'access_code_expired']);
  const start = (token: string) => world.api('POST', '/api/v1/sign-in/enrollment', undefined, token);
  assert.equal((await start(other)).status, 403);
  assert.match(String((await start(one)).body.secret), /^[A-Z2-7]{32}$/);
});

test('ten tries, or its time, end a code; another one takes its place and ends what the first opened', async (t) => {
  const { world, csm, ana, anaPath } = await openConsole(t);
  await openAccount({ world, ana });
  const code = await reset(csm, anaPath);
  const token = await pendingToken(world, ana.email);
  const give = (typed: string, by = token) =>
    world.api('POST', '/api/v1/sign-in/enrollment/access-code', { code: typed }, by);
  for (let tries = 0; tries < 10; tries++) {
    assert.equal((await give('0000-0000-0000-0000')).body.code, 'access_code_incorrect');
  }
  assert.equal((await give(code)).body.code, 'access_code_expired', 'the right one too: the tries are used up');

  const show = await csm.submit(`${anaPath}/access-code`, { minutes: '10' });
  const second = /\b[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}\b/.exec(show.text)?.[0] ?? '';
  assert.equal((await give(second)).status, 401, 'the sign-in before it has ended');
  world.clock.at += 600;
  assert.equal((await give(second, await pendingToken(world, ana.email))).body.code, 'access_code_expired');
  assert.match(await read(csm, anaPath), /Used or expired: set-up needs a new one/);
});

test('a partner can do without the code, when an administrator says so', async (t) => {
  const { world, csm, ana, anaPath, partnerPath } = await openConsole(t);
  await openAccount({ world, ana });
  assert.equal((await csm.get(`${partnerPath}/resets`)).status, 403);
  const admin = await enterStaff(world, 'admin', ROBIN);
  await admin.post(`${partnerPath}/resets`);
  assert.match(await read(csm, partnerPath), /After an MFA reset Password alone/);
  assert.equal(await reset(csm, anaPath), '');
  const browser = world.person();
  await browser.signIn(ana.email);
  await browser.get('/enroll');
  assert.equal((await browser.post('/enroll')).location, '/enroll/authenticator');
});

test('where two have to agree, the one who asked cannot agree, and the other one gets the code', async (t) => {
  const { world, csm, ana, anaPath } = await openConsole(t, { SALLYPORT_RESET_SECOND_APPROVER: 'on' });
  await openAccount({ world, ana });
  const asked = await csm.post(`${anaPath}/reset-mfa`, WHY);
  assert.equal(asked.location, `${anaPath}?done=requested`);
  assert.equal(
    (await world.env.db.read.selectFrom('authenticators').select('id').where('user_id', '=', ana.id).execute()).length,
    1,
  );
  const again = await csm.post(`${anaPath}/reset-mfa`, WHY);
  assert.match(refusalOn(again.text), /is already waiting/);
  const list = await csm.get('/console/resets');
  assert.doesNotMatch(list.text, /\/approve"/);
  const [request] = await world.env.db.read.selectFrom('reset_requests').selectAll().execute();
  const path = `/console/resets/${request?.id}/approve`;
  assert.equal((await csm.post(path)).status, 404);
  const robin = await enterStaff(world, 'admin', ROBIN);
  assert.match(await read(robin, path), /one open session.*Reason given: lost phone\. Checked: office number/);
  const done = await robin.submit(path);
  assert.equal(done.status, 200);
  assert.match(done.text, /MFA was reset/);
  assert.match(done.text, /\b[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}\b/);
  const event = (await world.events()).find(({ action }) => action === 'user.mfa_reset');
  assert.equal(event?.detail.requestedBy, request?.requested_by);
  assert.notEqual(event?.actor, request?.requested_by);
  assert.equal((await robin.post(path)).status, 404);
});

test('an exempt person is not asked to enroll until the day is over, and is asked afterwards without anybody doing anything', async (t) => {
  const { world, csm, ana, anaPath, partnerPath } = await openConsole(t);
  const day = new Date((world.clock.at + 3 * DAY) * 1000).toISOString().slice(0, 10);
  await csm.post(`${anaPath}/exempt`, { reason: 'on a ship', until: day });
  await csm.get(`${partnerPath}/policy?policy=now`);
  assert.match(
    await read(csm, `${partnerPath}/policy?policy=now`),
    /0 of 1 person has no authenticator.*1 more is exempt/,
  );
  await csm.get(`${partnerPath}/policy?policy=now`);
  await csm.post(`${partnerPath}/policy`, { policy: 'now', from: '' });
  const browser = world.person();
  assert.equal((await browser.signIn(ana.email)).location, '/');
  assert.match(await read(csm, anaPath), /Exempt until .* Reason: on a ship/);
  const end = Date.parse(day) / 1000 + 1.5 * DAY;
  const [session] = await world.env.db.read.selectFrom('sessions').selectAll().where('user_id', '=', ana.id).execute();
  assert.ok((session?.expires_at ?? 0) <= end);
  world.clock.at = end;
  assert.equal((await browser.get('/')).status, 303);
  assert.equal((await world.person().signIn(ana.email)).location, '/enroll');
});

test('an exempt person who has an authenticator is asked for it', async (t) => {
  const { world, csm, ana, anaPath } = await openConsole(t);
  const day = new Date((world.clock.at + 3 * DAY) * 1000).toISOString().slice(0, 10);
  await csm.post(`${anaPath}/exempt`, { reason: 'on a ship', until: day });
  await world.addAuthenticator(ana.id);
  assert.equal((await world.person().signIn(ana.email)).location, '/sign-in/one-time-code');
});

test('an exemption that ends early ends what the password alone has opened', async (t) => {
  const { world, csm, ana, anaPath, partnerPath } = await openConsole(t);
  const day = new Date((world.clock.at + 3 * DAY) * 1000).toISOString().slice(0, 10);
  await csm.post(`${anaPath}/exempt`, { reason: 'on a ship', until: day });
  await csm.get(`${partnerPath}/policy?policy=now`);
  await csm.post(`${partnerPath}/policy`, { policy: 'now', from: '' });
  const browser = world.person();
  await browser.signIn(ana.email);
  assert.equal((await browser.get('/')).status, 200);
  await csm.post(`${anaPath}/unexempt`, { reason: 'is back' });
  assert.equal((await browser.get('/')).status, 303);
  const [event] = await lastEvents(world, 1);
  assert.deepEqual([event?.action, event?.detail], ['user.exemption_ended', { reason: 'is back', sessions: 1 }]);
});

test('an exemption needs a reason and a day from today to a year ahead', async (t) => {
  const { world, csm, anaPath } = await openConsole(t);
  const day = (days: number) => new Date((world.clock.at + days * DAY) * 1000).toISOString().slice(0, 10);
  for (const until of ['', 'x', day(-2), day(366)]) {
    assert.equal((await csm.post(`${anaPath}/exempt`, { reason: 'x', until })).status, 400, until);
  }
  assert.equal((await csm.post(`${anaPath}/exempt`, { reason: ' ', until: day(1) })).status, 400);
  assert.equal((await csm.post(`${anaPath}/exempt`, { reason: 'x', until: day(0) })).status, 303);
});

test('a password link and an invitation go to the person, and the console never shows them', async (t) => {
  const { world, csm, anaPath, partner } = await openConsole(t);
  const sent = await csm.post(`${anaPath}/link`);
  const [mail] = await world.mail();
  assert.equal(mail?.kind, 'password_reset');
  for (const { text } of [sent, await csm.get(anaPath)]) assert(!text.includes(mail?.link ?? 'none'));
  const bo = await world.addUser({ email: 'bo@acme.example', partnerId: partner.id, password: undefined });
  await csm.post(`/console/people/${bo.id}/invitation`);
  await csm.post(`/console/people/${bo.id}/invitation`);
  const [second, first] = await world.mail();
  assert.equal((await world.person().get(new URL(first?.link ?? '').pathname)).status, 404, 'the one before is dead');
  assert.equal((await world.person().get(new URL(second?.link ?? '').pathname)).status, 200);
});
